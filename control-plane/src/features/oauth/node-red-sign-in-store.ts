import type { Knex } from 'knex';

/** A Node-RED that asks that somebody may sign in from it. */
export interface NodeRedSignInRow {
  code: string;
  name: string;
  address: string | null;
  state: 'waiting' | 'accepted' | 'refused';
  /** Sealed, once somebody has agreed. */
  token: string | null;
  createdAt: string;
  expiresAt: string;
  askedAt: string | null;
}

const TABLE = 'node_red_sign_ins';
const COLUMNS = {
  code: 'code',
  name: 'name',
  address: 'address',
  state: 'state',
  token: 'token',
  createdAt: 'created_at',
  expiresAt: 'expires_at',
  askedAt: 'asked_at',
};

export class NodeRedSignInStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  async insert(
    row: Pick<NodeRedSignInRow, 'code' | 'name' | 'address' | 'createdAt' | 'expiresAt'>,
    secretHash: string,
  ): Promise<void> {
    await this.#knex(TABLE).insert({
      code: row.code,
      secret_hash: secretHash,
      name: row.name,
      address: row.address,
      state: 'waiting',
      created_at: row.createdAt,
      expires_at: row.expiresAt,
    });
  }

  /** How many ask now, in all and from an address. */
  async countOpen(address: string | null, now: string): Promise<{ all: number; fromAddress: number }> {
    const open = () => this.#knex(TABLE).where('expires_at', '>', now);
    const [all, fromAddress] = await Promise.all([
      open().count({ n: '*' }).first(),
      open().where({ address }).count({ n: '*' }).first(),
    ]);
    return { all: Number(all?.n ?? 0), fromAddress: Number(fromAddress?.n ?? 0) };
  }

  async findByCode(code: string, now: string): Promise<NodeRedSignInRow | null> {
    const row = await this.#knex(TABLE)
      .where({ code })
      .where('expires_at', '>', now)
      .first<NodeRedSignInRow>(COLUMNS);
    return row ?? null;
  }

  /** The one that asks, and notes that it did; null when its time is over. */
  async ask(secretHash: string, now: string): Promise<NodeRedSignInRow | null> {
    const row = await this.#knex(TABLE)
      .where({ secret_hash: secretHash })
      .where('expires_at', '>', now)
      .first<NodeRedSignInRow>(COLUMNS);
    if (row === undefined) {
      return null;
    }
    await this.#knex(TABLE).where({ code: row.code }).update({ asked_at: now });
    return row;
  }

  /** Ends the waiting; false when somebody else did before. */
  async decide(
    code: string,
    state: 'accepted' | 'refused',
    token: string | null,
    now: string,
  ): Promise<boolean> {
    const changed = await this.#knex(TABLE)
      .where({ code, state: 'waiting' })
      .where('expires_at', '>', now)
      .update({ state, token });
    return changed === 1;
  }

  async deleteExpired(now: string): Promise<void> {
    await this.#knex(TABLE).where('expires_at', '<=', now).delete();
  }
}
