import type { Knex } from 'knex';

/** What proves that a machine is a device, and what tells it from a copy. */
export class DeviceIdentityStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  /** What tells its machine from others (JSON), and its next token, sealed, until it has taken that. */
  async find(deviceId: string): Promise<{ hardware: string | null; nextToken: string | null } | null> {
    const row: { hardware: string | null; nextToken: string | null } | undefined = await this.#knex('devices')
      .where({ id: deviceId })
      .first({ hardware: 'hardware', nextToken: 'next_token' });
    return row ?? null;
  }

  /** A new token at once; the old one is good no more. */
  async replaceToken(deviceId: string, tokenHash: string): Promise<void> {
    await this.#knex('devices').where({ id: deviceId }).update({
      token_hash: tokenHash,
      old_token_hash: null,
      old_token_until: null,
      next_token: null,
    });
  }

  /** A new token, and until when the old one is good as well. */
  async renewToken(
    deviceId: string,
    next: { tokenHash: string; sealed: string; oldUntil: string },
  ): Promise<void> {
    await this.#knex('devices')
      .where({ id: deviceId })
      .update({
        // One that was not taken yet gives way; the device still has the one before.
        old_token_hash: this.#knex.raw('coalesce(old_token_hash, token_hash)'),
        token_hash: next.tokenHash,
        old_token_until: next.oldUntil,
        next_token: next.sealed,
      });
  }

  /** The device came with its new token; false when it had before. */
  async takeToken(deviceId: string, tokenHash: string): Promise<boolean> {
    const changed = await this.#knex('devices')
      .where({ id: deviceId, token_hash: tokenHash })
      .whereNotNull('next_token')
      .update({ next_token: null });
    return changed === 1;
  }

  async forgetOldTokens(now: string): Promise<void> {
    await this.#knex('devices')
      .where('old_token_until', '<=', now)
      .update({ old_token_hash: null, old_token_until: null, next_token: null });
  }

  async setHardware(deviceId: string, hardware: string | null): Promise<void> {
    await this.#knex('devices').where({ id: deviceId }).update({ hardware });
  }

  async setOtherMachine(deviceId: string, machine: string | null): Promise<void> {
    await this.#knex('devices').where({ id: deviceId }).update({ other_machine: machine });
  }

  async putCode(code: { deviceId: string; codeHash: string; expiresAt: string }): Promise<void> {
    const row = { code_hash: code.codeHash, expires_at: code.expiresAt, attempt_hash: null };
    await this.#knex('device_codes')
      .insert({ device_id: code.deviceId, ...row })
      .onConflict('device_id')
      .merge(row);
  }

  /** Uses a code; null when there is none that is good, or another attempt used it. */
  async useCode(codeHash: string, attemptHash: string, now: string): Promise<string | null> {
    const changed = await this.#knex('device_codes')
      .where({ code_hash: codeHash })
      .where('expires_at', '>', now)
      .where((where) => where.whereNull('attempt_hash').orWhere({ attempt_hash: attemptHash }))
      .update({ attempt_hash: attemptHash });
    if (changed !== 1) {
      return null;
    }
    const row: { device_id: string } | undefined = await this.#knex('device_codes')
      .where({ code_hash: codeHash })
      .first('device_id');
    return row?.device_id ?? null;
  }

  async deleteExpiredCodes(now: string): Promise<void> {
    await this.#knex('device_codes').where('expires_at', '<=', now).delete();
  }
}
