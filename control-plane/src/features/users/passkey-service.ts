import type { ListQuery, Page, PasskeyAssertion, PasskeyAttestation } from '@flowyard/protocol';
import type { AuthenticatorTransportFuture, VerifiedRegistrationResponse } from '@simplewebauthn/server';
import { auditActor, type UserActor } from '../../access/actor.ts';
import { type Database, isDuplicate, type Transaction } from '../../db/database.ts';
import { conflict, forbidden, invalid, notFound, unauthenticated } from '../../errors.ts';
import { newId } from '../../ids.ts';
import type { Passwords } from '../../secrets/passwords.ts';
import type { ChallengeRow, PasskeyRow } from './passkey-store.ts';
import type { UserRow } from './store.ts';

/** Loaded by the first who uses a passkey: it takes longer than half of the rest of the start. */
const webAuthn = () => import('@simplewebauthn/server');

const CHALLENGE_MS = 5 * 60_000;
const MOST = 20;
/** So long after a sign-in it still proves who sits there, also those who have no password. */
const FRESH_MS = 10 * 60_000;

interface Offer<O> {
  challengeId: string;
  options: O;
}

/** The passkeys of people (WebAuthn): they replace password and second factor. */
export class PasskeyService {
  readonly #db: Database;
  readonly #passwords: Passwords;
  readonly #publicUrl: () => string;

  constructor(parts: { db: Database; passwords: Passwords; publicUrl: () => string }) {
    this.#db = parts.db;
    this.#passwords = parts.passwords;
    this.#publicUrl = parts.publicUrl;
  }

  list(actor: UserActor, query: ListQuery): Promise<Page<PasskeyRow>> {
    return this.#db.stores.passkeys.list(actor.userId, query);
  }

  /** @param password - may be missing for somebody who signed in just now */
  async prepare(actor: UserActor, password: string | null) {
    requirePage(actor);
    const user = await this.#db.stores.users.find(actor.userId);
    await this.#requireProof(actor, user, password);
    const present = await this.#db.stores.passkeys.listAll(actor.userId);
    refuseTooMany(present.length);
    const options = await (await webAuthn()).generateRegistrationOptions({
      rpName: 'Flowyard',
      rpID: this.#host,
      userName: actor.username,
      userDisplayName: user?.name ?? actor.username,
      userID: new TextEncoder().encode(actor.userId),
      attestationType: 'none',
      timeout: CHALLENGE_MS,
      excludeCredentials: present.map((row) => ({
        id: row.credentialId,
        transports: JSON.parse(row.transports) as AuthenticatorTransportFuture[],
      })),
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    });
    return this.#offer('registration', actor.userId, options);
  }

  /** A passkey stays, so who finds an open page must not be able to add one. */
  async #requireProof(actor: UserActor, user: UserRow | null, password: string | null): Promise<void> {
    if (password !== null && (await this.#passwords.verify(user?.passwordHash ?? null, password))) {
      return;
    }
    const since = actor.sessionId && (await this.#db.stores.sessions.startOf(actor.sessionId));
    if (password !== null || !since || Date.now() - Date.parse(since) > FRESH_MS) {
      throw invalid(
        'password',
        'is not your password. Without one, a passkey is added within ten minutes after you signed in',
      );
    }
  }

  async create(
    actor: UserActor,
    input: { challengeId: string; name: string; response: PasskeyAttestation },
  ): Promise<PasskeyRow> {
    requirePage(actor);
    const challenge = await this.#take({
      id: input.challengeId,
      purpose: 'registration',
      userId: actor.userId,
    });
    if (challenge === null) {
      throw conflict('challenge_gone', 'This took too long, or was done already. Add the passkey again.');
    }
    const { credential } = await this.#verifyRegistration(challenge, input.response);
    const row: PasskeyRow = {
      id: newId(),
      userId: actor.userId,
      credentialId: credential.id,
      publicKey: Buffer.from(credential.publicKey).toString('base64url'),
      counter: credential.counter,
      transports: JSON.stringify(input.response.transports ?? []),
      name: input.name,
      createdAt: new Date().toISOString(),
      lastUsedAt: null,
    };
    try {
      await this.#db.transact(async (tx) => {
        await tx.stores.users.lock(actor.userId);
        refuseTooMany((await tx.stores.passkeys.listAll(actor.userId)).length);
        await tx.stores.passkeys.insert(row);
        await record(tx, actor, 'passkey.created', row);
      });
    } catch (error) {
      if (isDuplicate(error)) {
        throw conflict('already_there', 'This passkey is kept already.');
      }
      throw error;
    }
    return row;
  }

  async rename(actor: UserActor, id: string, name: string): Promise<PasskeyRow> {
    return this.#db.transact(async (tx) => {
      const row = await tx.stores.passkeys.find(actor.userId, id);
      if (row === null) {
        throw notFound('passkey');
      }
      await tx.stores.passkeys.rename(id, name);
      await record(tx, actor, 'passkey.renamed', { ...row, name }, { before: row.name });
      return { ...row, name };
    });
  }

  async delete(actor: UserActor, id: string): Promise<void> {
    await this.#db.transact(async (tx) => {
      const row = await tx.stores.passkeys.find(actor.userId, id);
      if (row === null || !(await tx.stores.passkeys.delete(id))) {
        throw notFound('passkey');
      }
      await record(tx, actor, 'passkey.deleted', row);
    });
  }

  /** By an administrator, for somebody who lost the devices with their passkeys. */
  async reset(actor: UserActor, userId: string): Promise<void> {
    await this.#db.transact(async (tx) => {
      const user = await tx.stores.users.find(userId);
      if (user === null) {
        throw notFound('person');
      }
      for (const row of await tx.stores.passkeys.listAll(userId)) {
        if (await tx.stores.passkeys.delete(row.id)) {
          await record(tx, actor, 'passkey.deleted', row, { of: user.username });
        }
      }
    });
  }

  async beginSignIn() {
    const options = await (await webAuthn()).generateAuthenticationOptions({
      rpID: this.#host,
      timeout: CHALLENGE_MS,
      userVerification: 'required',
    });
    return this.#offer('sign-in', null, options);
  }

  /**
   * Whoever proved to have the passkey.
   * @throws AppError 401, in the same words whatever does not fit
   */
  async signIn(challengeId: string, response: PasskeyAssertion): Promise<{ user: UserRow; name: string }> {
    const challenge = await this.#take({ id: challengeId, purpose: 'sign-in', userId: null });
    const passkey = await this.#db.stores.passkeys.findByCredential(response.id);
    const user = passkey && (await this.#db.stores.users.find(passkey.userId));
    if (challenge === null || passkey === null || !user || user.suspended) {
      throw refusal();
    }
    const counter = await this.#verifySignIn(challenge, passkey, response);
    if (!(await this.#db.stores.passkeys.use(passkey, counter, new Date().toISOString()))) {
      throw refusal();
    }
    return { user, name: passkey.name };
  }

  async #verifyRegistration(
    expectedChallenge: string,
    { id, transports = [], ...response }: PasskeyAttestation,
  ) {
    const verified: VerifiedRegistrationResponse = await (await webAuthn())
      .verifyRegistrationResponse({
        response: {
          id,
          rawId: id,
          type: 'public-key',
          clientExtensionResults: {},
          response: { ...response, transports },
        },
        expectedChallenge,
        expectedOrigin: this.#origin,
        expectedRPID: this.#host,
        requireUserVerification: true,
      })
      .catch(() => ({ verified: false }));
    if (!verified.verified) {
      throw invalid('response', 'does not fit what was asked for: add the passkey again');
    }
    return verified.registrationInfo;
  }

  /** @returns the counter of the authenticator, which never goes back */
  async #verifySignIn(
    expectedChallenge: string,
    passkey: PasskeyRow,
    { id, ...response }: PasskeyAssertion,
  ): Promise<number> {
    const verified = await (await webAuthn())
      .verifyAuthenticationResponse({
        response: { id, rawId: id, type: 'public-key', clientExtensionResults: {}, response },
        expectedChallenge,
        expectedOrigin: this.#origin,
        expectedRPID: this.#host,
        requireUserVerification: true,
        credential: {
          id: passkey.credentialId,
          publicKey: new Uint8Array(Buffer.from(passkey.publicKey, 'base64url')),
          counter: passkey.counter,
        },
      })
      .catch(() => null);
    if (!verified?.verified) {
      throw refusal();
    }
    return verified.authenticationInfo.newCounter;
  }

  async #offer<O extends { challenge: string }>(
    purpose: ChallengeRow['purpose'],
    userId: string | null,
    options: O,
  ): Promise<Offer<O & Record<string, unknown>>> {
    const id = newId();
    const expiresAt = new Date(Date.now() + CHALLENGE_MS).toISOString();
    await this.#db.stores.passkeys.insertChallenge({
      id,
      challenge: options.challenge,
      userId,
      purpose,
      expiresAt,
    });
    return { challengeId: id, options: { ...options } };
  }

  #take(wanted: Omit<ChallengeRow, 'challenge' | 'expiresAt'>): Promise<string | null> {
    return this.#db.stores.passkeys.takeChallenge(wanted);
  }

  get #host(): string {
    return new URL(this.#publicUrl()).hostname;
  }

  get #origin(): string {
    return new URL(this.#publicUrl()).origin;
  }
}

/** A token must not turn into a way to sign in. */
function requirePage(actor: UserActor): void {
  if (actor.via !== 'page') {
    throw forbidden('Passkeys are added on the page, signed in.');
  }
}

function refuseTooMany(count: number): void {
  if (count >= MOST) {
    throw conflict(
      'too_many_passkeys',
      `You have ${MOST} passkeys, the most there can be. Delete one first.`,
    );
  }
}

function refusal() {
  return unauthenticated(
    'This passkey is not known here, or it took too long. Try again, or sign in with a password.',
  );
}

function record(
  tx: Transaction,
  actor: UserActor,
  event: 'passkey.created' | 'passkey.deleted' | 'passkey.renamed',
  { id, name }: PasskeyRow,
  details: Record<string, unknown> = {},
): Promise<void> {
  return tx.audit({
    event,
    actor: auditActor(actor),
    teamId: null,
    applicationId: null,
    subject: { kind: 'passkey', id, name },
    details,
  });
}
