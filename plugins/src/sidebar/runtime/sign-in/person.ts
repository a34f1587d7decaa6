import { createHash, randomBytes } from 'node:crypto';
import type { Request, Response } from 'express';

const COOKIE = 'flowyard_person';
const YEAR_MS = 365 * 24 * 3600_000;

/** Who is at this editor, as far as this Node-RED can tell. */
export interface Person {
  /** Names the person in files; not the secret itself. */
  id: string;
  /** With it, and with a key that this Node-RED keeps, what is kept for the person is sealed. */
  secret: string;
}

function personOf(kind: 'user' | 'browser', secret: string): Person {
  const id = createHash('sha256').update(`${kind}:${secret}`).digest('hex').slice(0, 32);
  return { id, secret: `${kind}:${secret}` };
}

function cookieOf(request: Request): string | null {
  const match = new RegExp(`(?:^|;\\s*)${COOKIE}=([\\w-]{43})(?:;|$)`).exec(request.headers.cookie ?? '');
  return match?.[1] ?? null;
}

/**
 * The person who sent a request: the user whom Node-RED knows, or, where it asks nobody for a password, the browser.
 * Null for a browser that has not been here.
 */
export function findPerson(request: Request): Person | null {
  const user = request.user as { username?: string; anonymous?: boolean } | undefined;
  if (user?.username !== undefined && user.anonymous !== true) {
    return personOf('user', user.username);
  }
  const cookie = cookieOf(request);
  return cookie === null ? null : personOf('browser', cookie);
}

/** The same, and a browser that has not been here is known from now on. */
export function greetPerson(request: Request, response: Response): Person {
  const known = findPerson(request);
  if (known !== null) {
    return known;
  }
  const secret = randomBytes(32).toString('base64url');
  response.cookie(COOKIE, secret, {
    httpOnly: true,
    // Pages of others must not be able to act in anybody's name.
    sameSite: 'strict',
    secure: request.secure,
    maxAge: YEAR_MS,
    path: '/',
  });
  return personOf('browser', secret);
}
