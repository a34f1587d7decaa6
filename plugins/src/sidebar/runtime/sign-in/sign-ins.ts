import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Request, Response } from 'express';
import { callControlPlane } from '../control-plane';
import type { MissingSeat, Place, Seat } from '../seat';
import { DeviceCode, type SignInCode } from './device-code';
import { findPerson, greetPerson, type Person } from './person';
import { SealedFile } from './sealed-file';

/** What is kept of one person's sign-in. */
interface SignIn {
  seatId: string;
  url: string;
  token: string;
  person: { name: string; username: string };
  place: Place | null;
}

/** How far a person is with signing in. */
export type SignInState =
  | { state: 'signed-out'; url: string | null; message: string | null }
  | ({ state: 'waiting'; url: string } & SignInCode)
  | { state: 'signed-in'; url: string; person: SignIn['person']; place: Place | null };

const MOST_WAITING = 20;
const MOST_MESSAGES = 500;

/** People who sign in to Flowyard from a Node-RED that Flowyard does not run, each for themselves. */
export class SignIns {
  readonly #file: SealedFile<SignIn>;
  /** Where this Node-RED says its Flowyard is; people may name another one. */
  readonly #usualUrl: string | null;
  readonly #waiting = new Map<string, { url: string; code: DeviceCode }>();
  /** Seats whose token the control plane does not take any more. On disk they stay: it may have been a mistake. */
  readonly #ended = new Set<string>();
  readonly #messages = new Map<string, string>();
  #lastUrl: string | null = null;

  constructor({ folder, url }: { folder: string; url: string | null }) {
    this.#file = new SealedFile(folder);
    this.#usualUrl = url;
  }

  seatOf(request: Request): Seat | MissingSeat {
    const signIn = this.#find(request);
    if (signIn === null) {
      return 'signed-out';
    }
    const { seatId: id, url, token, person, place } = signIn;
    return place === null
      ? 'no-place'
      : { id, url, token, identity: undefined, place, isHome: false, person: person.name };
  }

  /** Who asks, also while nothing was chosen to work with. */
  callerOf(request: Request): { url: string; token: string; identity: undefined } | null {
    const signIn = this.#find(request);
    return signIn && { url: signIn.url, token: signIn.token, identity: undefined };
  }

  stateOf(request: Request): SignInState {
    const person = findPerson(request);
    const waiting = person && this.#waiting.get(person.id);
    if (waiting) {
      return { state: 'waiting', url: waiting.url, ...waiting.code.shown };
    }
    const signIn = this.#find(request);
    if (signIn !== null) {
      const { url, person: who, place } = signIn;
      return { state: 'signed-in', url, person: who, place };
    }
    const message = (person && this.#messages.get(person.id)) ?? null;
    return { state: 'signed-out', url: this.#lastUrl ?? this.#usualUrl, message };
  }

  /** @throws Error with words for people when there is no Flowyard at the address */
  async begin(request: Request, response: Response, url: string): Promise<SignInCode> {
    const person = greetPerson(request, response);
    this.#stopWaiting(person);
    if (this.#waiting.size >= MOST_WAITING) {
      throw new Error('Too many people sign in here at this moment. Try again in a quarter of an hour.');
    }
    const code = await DeviceCode.begin(url, hostname());
    this.#waiting.set(person.id, { url, code });
    this.#messages.delete(person.id);
    void this.#follow(person, url, code);
    return code.shown;
  }

  /** The control plane does not know this person any more. Answers with the seat that has ended. */
  end(request: Request): string | null {
    const person = findPerson(request);
    const signIn = this.#find(request);
    if (person !== null && signIn !== null) {
      this.#ended.add(signIn.seatId);
      this.#say(person, 'Your sign-in to Flowyard has ended. Sign in again.');
    }
    return signIn?.seatId ?? null;
  }

  choose(request: Request, place: Place): boolean {
    const person = findPerson(request);
    const signIn = person && this.#file.read(person);
    if (!person || !signIn) {
      return false;
    }
    this.#file.write(person, { ...signIn, place });
    return true;
  }

  /** Ends the sign-in here and its token there, or a sign-in that waits. Answers with the seat that is gone. */
  async signOut(request: Request): Promise<string | null> {
    const person = findPerson(request);
    if (person === null) {
      return null;
    }
    this.#stopWaiting(person);
    const signIn = this.#file.read(person);
    this.#file.remove(person);
    if (signIn !== null) {
      const { url, token } = signIn;
      const caller = { url, token, identity: undefined };
      await callControlPlane(caller, { method: 'POST', path: '/oauth/revoke', body: { token } });
    }
    return signIn?.seatId ?? null;
  }

  async #follow(person: Person, url: string, code: DeviceCode): Promise<void> {
    const end = await code.ended;
    if (this.#waiting.get(person.id)?.code !== code) {
      return;
    }
    try {
      if ('token' in end) {
        await this.#keep(person, url, end.token);
      } else {
        this.#say(person, end.message);
      }
    } catch (error) {
      this.#say(person, `The sign-in could not be kept: ${(error as Error).message}`);
    } finally {
      this.#waiting.delete(person.id);
    }
  }

  async #keep(person: Person, url: string, token: string): Promise<void> {
    const { status, body } = await callControlPlane(
      { url, token, identity: undefined },
      { method: 'GET', path: '/user' },
    );
    const { name, username } = (body ?? {}) as { name?: string; username?: string };
    if (status !== 200 || username === undefined) {
      throw new Error('Flowyard does not say who you are.');
    }
    const seatId = randomBytes(9).toString('base64url');
    const who = { name: name || username, username };
    this.#file.write(person, { seatId, url, token, person: who, place: null });
    this.#lastUrl = url;
  }

  #say(person: Person, message: string): void {
    if (this.#messages.size >= MOST_MESSAGES) {
      this.#messages.clear();
    }
    this.#messages.set(person.id, message);
  }

  #stopWaiting(person: Person): void {
    this.#waiting.get(person.id)?.code.cancel();
    this.#waiting.delete(person.id);
  }

  #find(request: Request): SignIn | null {
    const person = findPerson(request);
    const signIn = person && this.#file.read(person);
    return signIn && !this.#ended.has(signIn.seatId) ? signIn : null;
  }
}
