import {
  type AttentionItem,
  deviceStatus,
  instanceStatus,
  NEEDS_ATTENTION,
  type RuntimeStatus,
  type TeamOverview,
} from '@flowyard/protocol';
import type { Stores } from '../../db/stores.ts';
import { presenceOf, resolveTarget } from '../devices/presenter.ts';
import type { DeploymentRow } from '../pipelines/deployment-row.ts';
import { readDeploymentViews } from '../pipelines/deployment-views.ts';

const RECENT_DEPLOYMENTS = 5;
const MAX_ATTENTION = 50;

type Counts = Partial<Record<RuntimeStatus, number>>;

interface Tally {
  counts: Counts;
  attention: AttentionItem[];
}

function tally(
  kind: 'instance' | 'device',
  items: Array<Omit<AttentionItem, 'kind' | 'status'> & { status: RuntimeStatus }>,
): Tally {
  const counts: Counts = {};
  for (const { status } of items) {
    counts[status] = (counts[status] ?? 0) + 1;
  }
  const attention = items
    .filter(({ status }) => NEEDS_ATTENTION.has(status))
    .map((item) => ({ kind, ...item }));
  return { counts, attention };
}

/** Pipelines whose last push failed; one that was tried again and went well needs nobody. */
function failedPushes(newestFirst: DeploymentRow[]): AttentionItem[] {
  const last = new Map<string, DeploymentRow>();
  for (const row of newestFirst) {
    if (!last.has(row.pipelineId)) {
      last.set(row.pipelineId, row);
    }
  }
  return [...last.values()]
    .filter(({ state }) => state === 'failed')
    .map((row) => ({
      kind: 'deployment',
      id: row.id,
      name: `${row.fromName} to ${row.toName}`,
      status: row.state,
      reason: row.message,
      since: row.finishedAt,
    }));
}

/** Pushes that do not go on by themselves: they wait for a second person, or halted. */
function stuckPushes(rows: DeploymentRow[]): AttentionItem[] {
  return rows.map((row) => ({
    kind: 'deployment',
    id: row.id,
    name: `${row.fromName} to ${row.toName}`,
    status: row.state,
    reason: row.state === 'planned' ? `${row.author} asks somebody else to approve it` : row.message,
    since: row.createdAt,
  }));
}

/** How everything in a team is, without the applications that whoever asks may not see. */
export async function readTeamOverview(
  stores: Stores,
  teamId: string,
  hidden: string[],
): Promise<TeamOverview> {
  const instances = await stores.instances.states(teamId, hidden);
  const devices = await stores.devices.all({ teamId, hidden });
  const deployments = await stores.deployments.recent(teamId, hidden, RECENT_DEPLOYMENTS);
  const stuck = await stores.deployments.inStates(teamId, hidden, ['planned', 'halted']);
  const ofInstances = tally(
    'instance',
    instances.map(({ id, name, state, reason, since }) => ({
      id,
      name,
      reason,
      since,
      status: instanceStatus(state),
    })),
  );
  const ofDevices = tally(
    'device',
    devices.map((row) => {
      const presence = presenceOf(row);
      const targetSnapshotId = resolveTarget(row)?.snapshotId ?? null;
      const status = deviceStatus({
        mode: row.mode,
        presence,
        state: row.state,
        targetSnapshotId,
        runningSnapshotId: row.runningSnapshotId,
      });
      const since = presence === 'offline' ? row.lastSeenAt : row.since;
      return { id: row.id, name: row.name, reason: row.reason, since, status };
    }),
  );
  return {
    instances: ofInstances.counts,
    devices: ofDevices.counts,
    applications: await stores.applications.count(teamId, hidden),
    attention: [
      ...stuckPushes(stuck),
      ...failedPushes(deployments),
      ...ofInstances.attention,
      ...ofDevices.attention,
    ].slice(0, MAX_ATTENTION),
    deployments: await readDeploymentViews(stores, deployments),
  };
}
