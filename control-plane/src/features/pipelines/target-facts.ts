import type { Stores } from '../../db/stores.ts';
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

  /** How a target of a deployment is at this moment. */
  async of(deployment: DeploymentRow, target: DeploymentTargetRow): Promise<TargetFacts> {
    return target.kind === 'instance'
      ? this.#instanceFacts(deployment, target.targetId)
      : this.#deviceFacts(deployment, target.targetId);
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
      failure: failed
        ? (instance.reason ?? `It is ${instance.state}.`)
        : replaced(instance.runningSnapshotId, deployment),
      halted: instance.desired !== 'running',
    };
  }

  async #deviceFacts(deployment: DeploymentRow, id: string): Promise<TargetFacts> {
    const device = await this.#stores.devices.find(id);
    if (device === null) {
      return { kind: 'gone' };
    }
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
}

/** Why a deployment cannot end well any more when the target is to run something else by now. */
function replaced(wantedSnapshotId: string | null, deployment: DeploymentRow): string | null {
  return wantedSnapshotId === deployment.snapshotId
    ? null
    : 'Something else was deployed there in the meantime.';
}
