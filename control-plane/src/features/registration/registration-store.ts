import type { Knex } from 'knex';

/** A machine that asks to become a device. */
export interface RegistrationRow {
  code: string;
  name: string;
  type: string;
  agentVersion: string;
  platform: string;
  address: string | null;
  state: 'waiting' | 'accepted' | 'refused';
  /** Sealed, once somebody has agreed. */
  credentials: string | null;
  createdAt: string;
  expiresAt: string;
}

const COLUMNS = {
  code: 'code',
  name: 'name',
  type: 'type',
  agentVersion: 'agent_version',
  platform: 'platform',
  address: 'address',
  state: 'state',
  credentials: 'credentials',
  createdAt: 'created_at',
  expiresAt: 'expires_at',
};

export class RegistrationStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  async insert(row: Omit<RegistrationRow, 'state' | 'credentials'>, secretHash: string): Promise<void> {
    await this.#knex('device_registrations').insert({
      code: row.code,
      secret_hash: secretHash,
      name: row.name,
      type: row.type,
      agent_version: row.agentVersion,
      platform: row.platform,
      address: row.address,
      state: 'waiting',
      created_at: row.createdAt,
      expires_at: row.expiresAt,
    });
  }

  /** How many ask now, in all and from an address. */
  async countOpen(address: string, now: string): Promise<{ all: number; fromAddress: number }> {
    const count = async (where: Record<string, unknown>) => {
      const row = await this.#knex('device_registrations')
        .where('expires_at', '>', now)
        .where(where)
        .count({ n: '*' })
        .first();
      return Number(row?.n ?? 0);
    };
    return { all: await count({}), fromAddress: await count({ address }) };
  }

  async findByCode(code: string, now: string): Promise<RegistrationRow | null> {
    return this.#find({ code }, now);
  }

  async findBySecret(secretHash: string, now: string): Promise<RegistrationRow | null> {
    return this.#find({ secret_hash: secretHash }, now);
  }

  /** Ends the waiting; false when somebody else did before. */
  async decide(
    code: string,
    state: 'accepted' | 'refused',
    credentials: string | null,
    now: string,
  ): Promise<boolean> {
    const changed = await this.#knex('device_registrations')
      .where({ code, state: 'waiting' })
      .where('expires_at', '>', now)
      .update({ state, credentials });
    return changed === 1;
  }

  async deleteExpired(now: string): Promise<void> {
    await this.#knex('device_registrations').where('expires_at', '<=', now).delete();
  }

  async #find(where: Record<string, string>, now: string): Promise<RegistrationRow | null> {
    const row = await this.#knex('device_registrations')
      .where(where)
      .where('expires_at', '>', now)
      .first<RegistrationRow>(COLUMNS);
    return row ?? null;
  }
}
