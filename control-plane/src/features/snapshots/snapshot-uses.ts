import { UNFINISHED_DEPLOYMENTS } from '@flowyard/protocol';
import type { Knex } from 'knex';

/** Something that holds on to a snapshot. */
export interface SnapshotUse {
  /**
   * `target`: it is to run there; `running`: it runs on that device; `deployment`: it is being pushed there, or what that
   * place goes back to; `change`: what the instance goes back to when its change of stack or type fails.
   */
  use: 'target' | 'running' | 'deployment' | 'change';
  kind: 'instance' | 'device' | 'device-group';
  id: string;
  name: string;
}

type Use = Pick<SnapshotUse, 'use' | 'kind'>;

const OWNERS: ReadonlyArray<Use & { table: string; column: string }> = [
  { use: 'target', kind: 'instance', table: 'instances', column: 'target_snapshot_id' },
  { use: 'target', kind: 'device-group', table: 'device_groups', column: 'target_snapshot_id' },
  { use: 'target', kind: 'device', table: 'devices', column: 'target_snapshot_id' },
  { use: 'target', kind: 'device', table: 'devices', column: 'rollout_snapshot_id' },
  { use: 'running', kind: 'device', table: 'devices', column: 'running_snapshot_id' },
];
/** Of each kind; more are of use to nobody. */
const MOST = 20;

/** All that holds on to a snapshot: without it these could not run, go back or be set up anew. */
export async function readUses(knex: Knex, snapshotId: string): Promise<SnapshotUse[]> {
  const uses: SnapshotUse[] = [];
  for (const { use, kind, table, column } of OWNERS) {
    const rows: Array<{ id: string; name: string }> = await knex(table)
      .where(column, snapshotId)
      .limit(MOST)
      .select('id', 'name');
    uses.push(...rows.map((row) => ({ use, kind, ...row })));
  }
  return [
    ...uses,
    ...(await deploymentsOf(knex, snapshotId)).map((row) => ({ use: 'deployment' as const, ...row })),
    ...(await changesOf(knex, snapshotId)).map((row) => ({
      use: 'change' as const,
      kind: 'instance' as const,
      ...row,
    })),
  ];
}

/** Where it is being pushed to, and the places that go back to it when what is pushed there now fails. */
function deploymentsOf(knex: Knex, snapshotId: string): Promise<Array<Omit<SnapshotUse, 'use'>>> {
  return knex('deployment_targets as t')
    .join('deployments as d', 'd.id', 't.deployment_id')
    .whereIn('d.state', UNFINISHED_DEPLOYMENTS)
    .where((where) =>
      where
        .where('d.snapshot_id', snapshotId)
        .orWhere('t.previous_snapshot_id', snapshotId)
        .orWhere('d.previous_target_id', snapshotId),
    )
    .limit(MOST)
    .select<Array<Omit<SnapshotUse, 'use'>>>({ kind: 't.kind', id: 't.target_id', name: 't.name' });
}

function changesOf(knex: Knex, snapshotId: string): Promise<Array<{ id: string; name: string }>> {
  return knex('instance_changes as c')
    .join('instances as i', 'i.id', 'c.instance_id')
    .where('c.snapshot_id', snapshotId)
    .whereNull('c.finished_at')
    .limit(MOST)
    .select({ id: 'i.id', name: 'i.name' });
}

const WORDS: Record<SnapshotUse['use'], (what: string) => string> = {
  target: (what) => `target snapshot of ${what}`,
  running: (what) => `running on ${what}`,
  deployment: (what) => `part of a push to ${what}`,
  change: (what) => `what ${what} goes back to if its change fails`,
};

export function useInWords({ use, kind, name }: SnapshotUse): string {
  return WORDS[use](`${kind.replace('-', ' ')} ${name}`);
}
