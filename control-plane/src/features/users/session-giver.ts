import type { Request, Response } from 'express';
import { SESSION_COOKIE } from '../../http/authenticate.ts';
import { setCookie } from '../../http/cookies.ts';
import { SESSION_SECONDS, type UserService } from './service.ts';
import type { UserRow } from './store.ts';

const MAX_BROWSER = 300;

/** Where a sign-in comes from, for the list of one's sessions. */
export function originOf(request: Request): { address: string | null; browser: string | null } {
  return {
    address: request.ip ?? null,
    browser: request.headers['user-agent']?.slice(0, MAX_BROWSER) ?? null,
  };
}

/** Signs people in at the end of a request: opens a session and sets its cookie. */
export class SessionGiver {
  readonly #users: UserService;
  readonly #secure: () => boolean;

  constructor(users: UserService, secure: () => boolean) {
    this.#users = users;
    this.#secure = secure;
  }

  /** @param details - for the audit log, how else than by password they proved who they are */
  async give(
    user: UserRow,
    request: Request,
    response: Response,
    details: Record<string, unknown> = {},
  ): Promise<void> {
    this.setCookie(response, await this.#users.openSession(user, originOf(request), details));
  }

  setCookie(response: Response, token: string, maxAgeSeconds = SESSION_SECONDS): void {
    response.append(
      'Set-Cookie',
      setCookie(SESSION_COOKIE, token, { secure: this.#secure(), maxAgeSeconds }),
    );
  }
}
