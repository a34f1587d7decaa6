import { type FlowState, holdWords, type MaintenanceWindow, unwellWords } from '@flowyard/protocol';
import type { Stores } from '../../db/stores.ts';
import { targetSettings } from '../devices/device-levels.ts';
import type { FollowedRow } from '../devices/device-row.ts';
import { flowOfDevice, resolveTarget } from '../devices/presenter.ts';
import type { TimedReport } from '../instances/driver-host.ts';
import type { DeploymentRow } from './deployment-row.ts';
import type { DeploymentTargetRow } from './deployment-target-store.ts';
import { opensAt } from './maintenance-window.ts';
import type { Push } from './push.ts';
import type { TargetFacts } from './rollout-machine.ts';

/** States in which an instance does not run what it should. */
export const FAILED_STATES: ReadonlySet<string> = new Set(['safe', 'crashed', 'error']);

/** Finds out what the rollout machine wants to know of a target. */
export class TargetFactsReader {
  readonly #stores: Stores;
  readonly #reportOf: (instanceId: string) => TimedReport | undefined;
  /** Whoever was away before this process looked may only not have come back to it yet. */
  readonly #lookingSince = Date.now();
  readonly #openings = new Map<string, number>();

  constructor(stores: Stores, reportOf: (instanceId: string) => TimedReport | undefined) {
    this.#stores = stores;
    this.#reportOf = reportOf;
  }

  /** How targets of a deployment are at this moment, by their ids. */
  async of(push: Push, targets: readonly DeploymentTargetRow[]): Promise<Map<string, TargetFacts>> {
    const devices = targets.filter(({ kind }) => kind === 'device').map(({ targetId }) => targetId);
    const facts = this.ofDevices(push, await this.#stores.devices.findFollowed(devices));
    for (const target of targets.filter(({ kind }) => kind === 'instance')) {
      facts.set(target.targetId, await this.#instanceFacts(push.deployment, target, Date.now()));
    }
    for (const { targetId } of targets.filter((target) => !facts.has(target.targetId))) {
      facts.set(targetId, { kind: 'gone' });
    }
    return facts;
  }

  /** The same of devices that were just read. */
  ofDevices(push: Push, devices: readonly FollowedRow[]): Map<string, TargetFacts> {
    const now = Date.now();
    return new Map(devices.map((device) => [device.id, this.#deviceFacts(push, device, now)]));
  }

  /** Found once for all devices of a time zone: it stays true until then. */
  #opensAt(window: MaintenanceWindow, timeZone: string, now: number): number | null {
    const key = JSON.stringify([window, timeZone]);
    const known = this.#openings.get(key);
    if (known !== undefined && now < known) {
      return known;
    }
    const opens = opensAt(window, timeZone, now);
    this.#openings.set(key, opens ?? 0);
    return opens;
  }

  #deviceFacts({ deployment, place }: Push, device: FollowedRow, now: number): TargetFacts {
    const resolved = resolveTarget(device)?.snapshotId ?? null;
    const wanted = deployment.returning ? resolved : deployment.snapshotId;
    // What it says from before it was told says nothing: it may be told to run the same with other variables.
    const knows = device.currentGeneration >= device.generation;
    const gaveUp = wanted !== null && device.failedSnapshotId === wanted && knows;
    const { window } = deployment.policy;
    const flow = flowOfDevice(device);
    return {
      kind: 'device',
      online: device.online,
      awayMs: device.online
        ? 0
        : now - Math.max(Date.parse(device.lastSeenAt ?? '1970-01-01'), this.#lookingSince),
      runsSnapshot:
        device.online &&
        knows &&
        device.runningSnapshotId === wanted &&
        (wanted === null || device.state === 'running'),
      failure: gaveUp
        ? (device.reason ?? 'It gave the snapshot up and runs the previous one.')
        : replaced(resolved, wanted),
      unwell:
        device.online && FAILED_STATES.has(device.state)
          ? (device.reason ?? `It is ${device.state}.`)
          : unwellOf(flow),
      held: flow.hold && holdWords(flow.hold),
      halted: device.online && device.desired !== 'running',
      develops: device.mode === 'developer',
      elsewhere: place.kind === 'device-group' ? elsewhere(device, place.id) : null,
      opensAt: window === null ? null : this.#opensAt(window, zoneOf(device) ?? window.timeZone, now),
    };
  }

  async #instanceFacts(
    deployment: DeploymentRow,
    target: DeploymentTargetRow,
    now: number,
  ): Promise<TargetFacts> {
    const instance = await this.#stores.instances.find(target.targetId);
    if (instance === null) {
      return { kind: 'gone' };
    }
    const report = this.#reportOf(target.targetId);
    const wanted = deployment.returning ? target.previousSnapshotId : deployment.snapshotId;
    const current =
      report?.flowsRevision !== undefined && (report.flowsRevision ?? -1) >= instance.flowsRevision;
    // A state from before the push says nothing about it.
    const failed =
      FAILED_STATES.has(instance.state) &&
      instance.since > (target.toldAt ?? deployment.createdAt) &&
      instance.desired === 'running';
    const { window } = deployment.policy;
    const runs = report?.state === 'running' && current && instance.runningSnapshotId === wanted;
    // What ran before is taken back whatever its flows say.
    const isProven = deployment.returning || report?.flow.unproven === false;
    const unwell = runs && !deployment.returning ? unwellOf(report.flow) : null;
    return {
      kind: 'instance',
      runsSnapshot: runs && isProven,
      held: !runs && report?.flow.hold ? holdWords(report.flow.hold) : null,
      runsForMs: report === undefined ? 0 : now - report.sinceMs,
      notice: report?.state === 'running' ? report.reason : null,
      failure: failed
        ? (instance.reason ?? `It is ${instance.state}.`)
        : (replaced(instance.runningSnapshotId, wanted) ?? unwell),
      unwell: null,
      halted: instance.desired !== 'running',
      opensAt: window === null ? null : this.#opensAt(window, window.timeZone, now),
    };
  }
}

function unwellOf({ unwell }: FlowState): string | null {
  return unwell === null ? null : unwellWords(unwell);
}

/** Why what the group is told says nothing to a device of it. */
function elsewhere(device: FollowedRow, groupId: string): string | null {
  if (device.deviceGroupId !== groupId) {
    return 'It left the group in the meantime.';
  }
  return device.ownTargetId === null
    ? null
    : 'It has a target of its own, which stands before that of its group.';
}

/** The time zone that a device or its group is set to. */
function zoneOf(device: FollowedRow): string | null {
  const zone = targetSettings(device)['runtime.timeZone'];
  return typeof zone === 'string' ? zone : null;
}

/** Why a deployment cannot end well any more when the target is to run something else by now. */
function replaced(wantedByNow: string | null, wanted: string | null): string | null {
  return wantedByNow === wanted ? null : 'Something else was deployed there in the meantime.';
}
