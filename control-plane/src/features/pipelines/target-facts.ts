import type { Stores } from '../../db/stores.ts';
import type { FollowedRow } from '../devices/device-row.ts';
import { resolveTarget } from '../devices/presenter.ts';
import type { TimedReport } from '../instances/driver-host.ts';
import type { DeploymentRow, DeploymentTargetRow } from './deployment-store.ts';
import type { TargetFacts } from './rollout-machine.ts';

/** States in which an instance does not run what it should. */
export const FAILED_STATES: ReadonlySet<string> = new Set(['safe', 'crashed', 'error']);

/** Finds out what the rollout machine wants to know of a target. */
export class TargetFactsReader {
  readonly #stores: Stores;
  readonly #reportOf: (instanceId: string) => TimedReport | undefined;

  constructor(stores: Stores, reportOf: (instanceId: string) => TimedReport | undefined) {
    this.#stores = stores;
    this.#reportOf = reportOf;
  }

  /** How targets of a deployment are at this moment, by their ids; one query for each five hundred devices. */
  async of(
    deployment: DeploymentRow,
    targets: readonly DeploymentTargetRow[],
  ): Promise<Map<string, TargetFacts>> {
    const idsOf = (kind: DeploymentTargetRow['kind']) =>
      targets.filter((target) => target.kind === kind).map(({ targetId }) => targetId);
    const facts = new Map<string, TargetFacts>(targets.map(({ targetId }) => [targetId, { kind: 'gone' }]));
    for (const device of await this.#stores.devices.findFollowed(idsOf('device'))) {
      facts.set(device.id, deviceFacts(deployment, device));
    }
    for (const id of idsOf('instance')) {
      facts.set(id, await this.#instanceFacts(deployment, id));
    }
    return facts;
  }

  async #instanceFacts(deployment: DeploymentRow, id: string): Promise<TargetFacts> {
    const instance = await this.#stores.instances.find(id);
    if (instance === null) {
      return { kind: 'gone' };
    }
    const report = this.#reportOf(id);
    const current =
      report?.flowsRevision !== undefined && (report.flowsRevision ?? -1) >= instance.flowsRevision;
    // A state from before the push says nothing about it.
    const failed =
      FAILED_STATES.has(instance.state) &&
      instance.since > deployment.createdAt &&
      instance.desired === 'running';
    return {
      kind: 'instance',
      runsSnapshot:
        report?.state === 'running' && current && instance.runningSnapshotId === deployment.snapshotId,
      runsForMs: report === undefined ? 0 : Date.now() - report.sinceMs,
      notice: report?.state === 'running' ? report.reason : null,
      failure: failed
        ? (instance.reason ?? `It is ${instance.state}.`)
        : replaced(instance.runningSnapshotId, deployment),
      halted: instance.desired !== 'running',
    };
  }
}

function deviceFacts(deployment: DeploymentRow, device: FollowedRow): TargetFacts {
  const gaveUp =
    device.failedSnapshotId === deployment.snapshotId && device.currentGeneration >= device.generation;
  return {
    kind: 'device',
    online: device.online,
    awayMs: device.online ? 0 : Date.now() - Date.parse(device.lastSeenAt ?? '1970-01-01'),
    runsSnapshot:
      device.online && device.state === 'running' && device.runningSnapshotId === deployment.snapshotId,
    failure: gaveUp
      ? (device.reason ?? 'It gave the snapshot up and runs the previous one.')
      : replaced(resolveTarget(device)?.snapshotId ?? null, deployment),
    halted: device.online && device.desired !== 'running',
    develops: device.mode === 'developer',
  };
}

/** Why a deployment cannot end well any more when the target is to run something else by now. */
function replaced(wantedSnapshotId: string | null, deployment: DeploymentRow): string | null {
  return wantedSnapshotId === deployment.snapshotId
    ? null
    : 'Something else was deployed there in the meantime.';
}
