import type { Knex } from 'knex';
import type { BlamedFlows } from './blamed-flows.ts';

export interface CrashRow extends BlamedFlows {
  id: string;
  instanceId: string;
  at: string;
  reason: string;
  exitCode: number | null;
  signal: string | null;
  hung: boolean;
  crashes: number;
  safeMode: boolean;
  flowsRevision: number;
}

type StoredCrash = Omit<CrashRow, 'node' | 'flows'> & { node: string | null; flows: string };

const COLUMNS = {
  id: 'id',
  instanceId: 'instance_id',
  at: 'at',
  reason: 'reason',
  exitCode: 'exit_code',
  signal: 'signal',
  hung: 'hung',
  crashes: 'crashes',
  safeMode: 'safe_mode',
  flowsRevision: 'flows_revision',
  node: 'node',
  flows: 'flows',
};
const KEPT = 20;

export class CrashStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  /** The oldest go when there are more than twenty of an instance. */
  async insert(row: CrashRow): Promise<void> {
    await this.#knex('instance_crashes').insert({
      id: row.id,
      instance_id: row.instanceId,
      at: row.at,
      reason: row.reason,
      exit_code: row.exitCode,
      signal: row.signal,
      hung: row.hung,
      crashes: row.crashes,
      safe_mode: row.safeMode,
      flows_revision: row.flowsRevision,
      node: row.node && JSON.stringify(row.node),
      flows: JSON.stringify(row.flows),
    });
    const kept = await this.list(row.instanceId);
    const oldest = kept.at(-1);
    if (kept.length === KEPT && oldest !== undefined) {
      await this.#knex('instance_crashes')
        .where({ instance_id: row.instanceId })
        .where('id', '<', oldest.id)
        .delete();
    }
  }

  /** Newest first. */
  async list(instanceId: string): Promise<CrashRow[]> {
    const rows = await this.#knex('instance_crashes')
      .where({ instance_id: instanceId })
      .orderBy('id', 'desc')
      .limit(KEPT)
      .select<StoredCrash[]>(COLUMNS);
    return rows.map((row) => ({
      ...row,
      hung: Boolean(row.hung),
      safeMode: Boolean(row.safeMode),
      node: row.node === null ? null : JSON.parse(row.node),
      flows: JSON.parse(row.flows),
    }));
  }
}
