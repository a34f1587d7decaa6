import type { ApiAnswer } from '../control-plane';
import { callControlPlane } from '../control-plane';

/** RFC 8628 section 3.4. */
const GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
const SLOW_DOWN_MS = 5000;

/** What a person is shown who wants to sign in. */
export interface SignInCode {
  code: string;
  /** The page on which one agrees. */
  page: string;
  expiresAt: string;
}

export type SignInEnd = { token: string } | { message: string };

interface Begun {
  device_code: string;
  user_code: string;
  verification_uri_complete: string;
  expires_in: number;
  interval: number;
}

function messageOf({ body }: ApiAnswer): string {
  const message = (body as { error?: { message?: unknown } } | null)?.error?.message;
  return typeof message === 'string' ? message : 'Something else than Flowyard answered at this address.';
}

function codeOf({ body }: ApiAnswer): unknown {
  return (body as { error?: { code?: unknown } } | null)?.error?.code;
}

function isBegun(body: unknown): body is Begun {
  const begun = body as Partial<Begun> | null;
  return (
    typeof begun?.device_code === 'string' &&
    typeof begun.user_code === 'string' &&
    typeof begun.verification_uri_complete === 'string' &&
    /^https?:\/\//.test(begun.verification_uri_complete) &&
    typeof begun.expires_in === 'number' &&
    typeof begun.interval === 'number'
  );
}

/** One sign-in that waits until somebody agrees on the page. */
export class DeviceCode {
  readonly shown: SignInCode;
  /** When it ends: with a token, or with words for people. */
  readonly ended: Promise<SignInEnd>;
  readonly #url: string;
  readonly #begun: Begun;
  #isCancelled = false;
  #wake: () => void = () => {};

  private constructor(url: string, begun: Begun) {
    this.#url = url;
    this.#begun = begun;
    this.shown = {
      code: begun.user_code,
      page: begun.verification_uri_complete,
      expiresAt: new Date(Date.now() + begun.expires_in * 1000).toISOString(),
    };
    this.ended = this.#wait();
  }

  /** @throws Error with words for people when there is no Flowyard at the address */
  static async begin(url: string, name: string): Promise<DeviceCode> {
    const answer = await callControlPlane(
      { url, token: '', identity: undefined },
      { method: 'POST', path: '/oauth/device', body: { client_name: name } },
    );
    if (answer.status !== 200 || !isBegun(answer.body)) {
      throw new Error(messageOf(answer));
    }
    return new DeviceCode(url, answer.body);
  }

  cancel(): void {
    this.#isCancelled = true;
    this.#wake();
  }

  async #wait(): Promise<SignInEnd> {
    let every = Math.max(1, this.#begun.interval) * 1000;
    while (!this.#isCancelled && Date.now() < Date.parse(this.shown.expiresAt)) {
      await this.#pause(every);
      const answer = await this.#ask();
      const token = (answer.body as { access_token?: unknown } | null)?.access_token;
      if (answer.status === 200 && typeof token === 'string') {
        return { token };
      }
      if (codeOf(answer) === 'slow_down') {
        every += SLOW_DOWN_MS;
      } else if (answer.status === 400 && codeOf(answer) !== 'authorization_pending') {
        return { message: messageOf(answer) };
      }
    }
    return { message: 'Nobody agreed within a quarter of an hour. Begin again.' };
  }

  #ask(): Promise<ApiAnswer> {
    const body = { grant_type: GRANT, device_code: this.#begun.device_code };
    const caller = { url: this.#url, token: '', identity: undefined };
    return callControlPlane(caller, { method: 'POST', path: '/oauth/token', body });
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms).unref();
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
