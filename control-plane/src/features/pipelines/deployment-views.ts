import type {
  DeploymentCounts,
  DeploymentTargetView,
  DeploymentView,
  WaveState,
  WaveView,
} from '@flowyard/protocol';
import type { Stores } from '../../db/stores.ts';
import type { DeploymentRow } from './deployment-row.ts';
import type { DeploymentTargetRow, TargetTally } from './deployment-target-store.ts';

/** More targets than these are read page by page. */
const TARGETS_SHOWN = 20;

/** Deployments as they are shown; three queries, whatever their number and that of their targets. */
export async function readDeploymentViews(
  stores: Stores,
  rows: readonly DeploymentRow[],
): Promise<DeploymentView[]> {
  if (rows.length === 0) {
    return [];
  }
  const ids = rows.map(({ id }) => id);
  const tallies = await stores.deploymentTargets.tally(ids);
  const targets = await stores.deploymentTargets.firstOf(ids, TARGETS_SHOWN);
  const own = rows.map((row) => ({
    row,
    tallies: tallies.filter(({ deploymentId }) => deploymentId === row.id),
    targets: targets.filter(({ deploymentId }) => deploymentId === row.id),
  }));
  const names = await stores.snapshots.namesOf([...new Set(own.flatMap(comparedIn))]);
  return own.map((parts) => present(parts, names));
}

/** A deployment as it is shown that was just written down, with all its targets in their order. */
export async function plannedView(
  stores: Stores,
  row: DeploymentRow,
  targets: readonly DeploymentTargetRow[],
): Promise<DeploymentView> {
  const tallies = targets.map(({ deploymentId, wave, state }) => ({ deploymentId, wave, state, count: 1 }));
  const parts = { row, tallies, targets: targets.slice(0, TARGETS_SHOWN) };
  return present(parts, await stores.snapshots.namesOf(comparedIn(parts)));
}

interface ViewParts {
  row: DeploymentRow;
  tallies: readonly TargetTally[];
  targets: readonly DeploymentTargetRow[];
}

/** What ran on a single target before; what a group should run. */
function previousOf({ row, targets: [first, ...others] }: ViewParts): string | null {
  const ofOne = others.length === 0 ? first?.previousSnapshotId : null;
  return ofOne ?? row.previousTargetId;
}

function comparedIn(parts: ViewParts): string[] {
  const previous = previousOf(parts);
  return previous === null ? [parts.row.snapshotId] : [parts.row.snapshotId, previous];
}

function present(parts: ViewParts, names: ReadonlyMap<string, string>): DeploymentView {
  const { row, tallies, targets } = parts;
  const previous = previousOf(parts) ?? '';
  const bothThere = names.has(row.snapshotId) && names.has(previous);
  return {
    id: row.id,
    pipelineId: row.pipelineId,
    applicationId: row.applicationId,
    from: { id: row.fromStageId, name: row.fromName },
    to: { id: row.toStageId, name: row.toName },
    snapshot: { id: row.snapshotId, name: row.snapshotName },
    previous: bothThere ? { id: previous, name: names.get(previous) ?? '' } : null,
    state: row.state,
    message: row.message,
    author: row.author,
    approval: row.approver && row.approvedAt ? { name: row.approver, at: row.approvedAt } : null,
    policy: row.policy,
    startAt: row.startAt,
    waitsUntil: row.waitsUntil,
    returning: row.returning,
    wave: row.wave,
    waves: wavesOf(row, tallies),
    counts: countsOf(tallies),
    targets: targets.map(presentTarget),
    createdAt: row.createdAt,
    finishedAt: row.finishedAt,
  };
}

export function presentTarget(row: DeploymentTargetRow): DeploymentTargetView {
  const { kind, targetId: id, name, wave, state, reason, toldAt, changedAt } = row;
  return { kind, id, name, wave, state, reason, toldAt, changedAt };
}

function countsOf(tallies: readonly TargetTally[]): DeploymentCounts {
  const counts = { total: 0, waiting: 0, updating: 0, succeeded: 0, failed: 0, skipped: 0, returned: 0 };
  for (const { state, count } of tallies) {
    counts[state] += count;
    counts.total += count;
  }
  return counts;
}

function wavesOf(row: DeploymentRow, tallies: readonly TargetTally[]): WaveView[] {
  const last = Math.max(-1, ...tallies.map(({ wave }) => wave));
  return Array.from({ length: last + 1 }, (_, wave) => {
    const counts = countsOf(tallies.filter((tally) => tally.wave === wave));
    const state = waveState(row, wave, counts);
    const checkedUntil = state === 'checking' ? checkEnd(row) : null;
    return { state, counts, checkedUntil };
  });
}

function waveState(row: DeploymentRow, wave: number, counts: DeploymentCounts): WaveState {
  if (wave === row.wave && row.waveDoneAt !== null && row.finishedAt === null) {
    return 'checking';
  }
  if (counts.waiting === counts.total) {
    return 'waiting';
  }
  return counts.waiting + counts.updating === 0 ? 'done' : 'running';
}

function checkEnd({ waveDoneAt, policy }: DeploymentRow): string {
  return new Date(Date.parse(waveDoneAt ?? '') + policy.healthSeconds * 1000).toISOString();
}
