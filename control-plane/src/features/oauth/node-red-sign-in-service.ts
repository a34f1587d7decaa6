import type { UserActor } from '../../access/actor.ts';
import { type Database, isDuplicate } from '../../db/database.ts';
import { AppError, conflict, notFound } from '../../errors.ts';
import { hashToken, newToken } from '../../secrets/tokens.ts';
import type { Vault } from '../../secrets/vault.ts';
import { threeWords } from '../registration/words.ts';
import type { AccessTokenService } from '../users/access-token-service.ts';
import type { NodeRedSignInRow } from './node-red-sign-in-store.ts';

const WAIT_SECONDS = 15 * 60;
const ASK_EVERY_SECONDS = 3;
/** Clocks and networks are not exact: who asks a little early is not told to slow down. */
const EARLY_MS = 500;
const TOKEN_DAYS = 180;
const MOST_OPEN = 2000;
const MOST_OPEN_OF_ADDRESS = 30;

interface Parts {
  db: Database;
  vault: Vault;
  accessTokens: AccessTokenService;
  publicUrl: () => string;
}

interface Begun {
  device_code: string;
  user_code: string;
  verification_uri: string;
  verification_uri_complete: string;
  expires_in: number;
  interval: number;
}

/**
 * Sign-in from a Node-RED that Flowyard does not run, by the device code of RFC 8628: the Node-RED shows a code, the
 * person opens the page, sees who asks, and agrees. What the Node-RED gets is an access token of one team, which
 * stands among the person's tokens and can be revoked there.
 */
export class NodeRedSignInService {
  readonly #parts: Parts;
  readonly #db: Database;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#db = parts.db;
  }

  async begin(name: string, address: string | null): Promise<Begun> {
    const now = new Date();
    await this.#refuseRush(address, now.toISOString());
    const secret = newToken('node-red');
    const expiresAt = new Date(now.getTime() + WAIT_SECONDS * 1000).toISOString();
    const code = await this.#insert(
      { name, address, createdAt: now.toISOString(), expiresAt },
      hashToken(secret),
    );
    const page = `${this.#parts.publicUrl()}/sign-in-node-red`;
    return {
      device_code: secret,
      user_code: code,
      verification_uri: page,
      verification_uri_complete: `${page}/${code}`,
      expires_in: WAIT_SECONDS,
      interval: ASK_EVERY_SECONDS,
    };
  }

  async #insert(
    row: Pick<NodeRedSignInRow, 'name' | 'address' | 'createdAt' | 'expiresAt'>,
    secretHash: string,
  ): Promise<string> {
    for (;;) {
      const code = threeWords();
      try {
        await this.#db.stores.nodeRedSignIns.insert({ ...row, code }, secretHash);
        return code;
      } catch (error) {
        if (!isDuplicate(error)) {
          throw error;
        }
      }
    }
  }

  /** Who asks needs no account, so only so many may ask at once. */
  async #refuseRush(address: string | null, now: string): Promise<void> {
    const { all, fromAddress } = await this.#db.stores.nodeRedSignIns.countOpen(address, now);
    if (all >= MOST_OPEN || fromAddress >= MOST_OPEN_OF_ADDRESS) {
      throw new AppError(
        429,
        'too_many',
        'Too many sign-ins wait for an answer. Try again in a quarter of an hour.',
      );
    }
  }

  async view(code: string): Promise<NodeRedSignInRow> {
    const row = await this.#db.stores.nodeRedSignIns.findByCode(code, new Date().toISOString());
    if (row === null || row.state !== 'waiting') {
      throw notFound('Node-RED that asks with this code; a code is good for a quarter of an hour');
    }
    return row;
  }

  /** @throws AppError 409 when somebody else has decided at this moment */
  async accept(
    actor: UserActor,
    code: string,
    { teamId, readOnly }: { teamId: string; readOnly?: boolean | undefined },
  ): Promise<void> {
    const { name } = await this.view(code);
    const expiresAt = new Date(Date.now() + TOKEN_DAYS * 24 * 3600_000).toISOString();
    await this.#db.transact(async (tx) => {
      const { token } = await this.#parts.accessTokens.createInTransaction(tx, actor, {
        name: `Node-RED ${name}`.slice(0, 120),
        expiresAt,
        teamId,
        readOnly,
      });
      const sealed = this.#parts.vault.seal(token);
      if (!(await tx.stores.nodeRedSignIns.decide(code, 'accepted', sealed, new Date().toISOString()))) {
        throw conflict('decided', 'Somebody else has decided about this sign-in at this moment.');
      }
    });
  }

  async refuse(code: string): Promise<void> {
    if (!(await this.#db.stores.nodeRedSignIns.decide(code, 'refused', null, new Date().toISOString()))) {
      throw notFound('Node-RED that asks with this code');
    }
  }

  /**
   * The access token, once somebody has agreed. It stays until the time is over, so that an answer that was lost on
   * the way can be asked for again.
   * @throws AppError 400 with the codes of RFC 8628 section 3.5
   */
  async claim(deviceCode: string): Promise<{ token: string; expiresIn: number }> {
    const now = new Date();
    const row = await this.#db.stores.nodeRedSignIns.ask(hashToken(deviceCode), now.toISOString());
    if (row === null) {
      throw new AppError(400, 'expired_token', 'Nobody agreed within a quarter of an hour. Begin again.');
    }
    if (row.state === 'refused') {
      throw new AppError(400, 'access_denied', 'The sign-in was refused on the page.');
    }
    if (row.token !== null) {
      return { token: this.#parts.vault.unseal(row.token), expiresIn: TOKEN_DAYS * 24 * 3600 };
    }
    const isEarly =
      row.askedAt !== null && now.getTime() - Date.parse(row.askedAt) < ASK_EVERY_SECONDS * 1000 - EARLY_MS;
    throw isEarly
      ? new AppError(400, 'slow_down', `Ask no more often than every ${ASK_EVERY_SECONDS} seconds.`)
      : new AppError(400, 'authorization_pending', 'Nobody has agreed yet.');
  }

  async deleteExpired(): Promise<void> {
    await this.#db.stores.nodeRedSignIns.deleteExpired(new Date().toISOString());
  }
}
