import type { DeviceCurrent, FlowState } from '@flowyard/protocol';
import { auditActor } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import type { NotificationService } from '../notifications/notification-service.ts';
import type { KnownState } from './device-row.ts';
import type { NewReport } from './reports-store.ts';
import { Together } from './together.ts';

/** Reports of a whole fleet come one by one: a transaction for each would cost most of a core. */
const EVERY_MS = 50;
/** Of so many none gains by waiting for more. */
const ENOUGH = 100;
/** So many at once are devices that were told something together. */
const BURST = 25;
/** Changes of state that belong into the audit log. */
const AUDITED: ReadonlySet<string> = new Set(['running', 'crashed', 'error', 'stopped', 'suspended']);

interface ReportedState {
  deviceId: string;
  current: DeviceCurrent;
  /** Agents that spool tell the audit log themselves, also of what happened while they were away. */
  spools: boolean;
}

interface Parts {
  db: Database;
  notifications: NotificationService;
}

/** What devices run and how it goes, as they report it: many reports in one transaction. */
export class StateRecorder {
  readonly #parts: Parts;
  readonly #together = new Together<ReportedState, undefined>((states) => this.#recordAll(states), {
    everyMs: EVERY_MS,
    enough: ENOUGH,
    burst: BURST,
  });

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Resolves when it is stored. */
  async record(state: ReportedState): Promise<void> {
    await this.#together.do(state);
  }

  async #recordAll(states: ReportedState[]): Promise<undefined[]> {
    await this.#parts.db.transact(async (tx) => {
      const newest = new Map(states.map((state) => [state.deviceId, state]));
      const devices = await tx.stores.devices.findStates([...newest.keys()]);
      const now = new Date().toISOString();
      const reports: NewReport[] = [];
      for (const device of devices) {
        const state = newest.get(device.id);
        if (state !== undefined) {
          const changed = isOther(device, state.current);
          announce(tx, device, changed);
          if (changed && !state.spools && AUDITED.has(state.current.state)) {
            await audit(tx, device, state.current);
          }
          reports.push(reportOf(device, state.current, changed ? now : null));
        }
      }
      await this.#notify(tx, devices, newest);
      await tx.stores.devices.recordReports(reports);
    });
    return states.map(() => undefined);
  }

  /** Tells people what went wrong, and takes back what is well again. */
  async #notify(
    tx: Transaction,
    devices: readonly KnownState[],
    newest: ReadonlyMap<string, ReportedState>,
  ): Promise<void> {
    const { notifications } = this.#parts;
    const updated: string[] = [];
    const running: string[] = [];
    for (const device of devices) {
      const current = newest.get(device.id)?.current;
      if (current === undefined) {
        continue;
      }
      const failed = current.failedSnapshotId;
      if (failed !== null && failed !== device.failedSnapshotId) {
        await this.#raiseFailure(tx, device, failed, current.reason);
      } else if (failed === null && device.failedSnapshotId !== null) {
        updated.push(device.id);
      }
      if (current.state !== device.state && (current.state === 'crashed' || current.state === 'error')) {
        const text = current.reason ?? 'Node-RED does not run as it should.';
        await notifications.raise(tx, { ...subjectOf(device), kind: 'device.error', text });
      } else if (current.state !== device.state && current.state === 'running') {
        running.push(device.id);
      }
    }
    await notifications.resolveAll(tx, updated, ['device.update-failed']);
    await notifications.resolveAll(tx, running, ['device.error']);
  }

  async #raiseFailure(
    tx: Transaction,
    device: KnownState,
    snapshotId: string,
    reason: string | null,
  ): Promise<void> {
    const snapshot = await tx.stores.snapshots.find(snapshotId);
    const text = `“${snapshot?.name ?? snapshotId}” did not work here; the device went back. Its page has the log; try it again there, or set another target.\n${reason ?? ''}`;
    const news = { ...subjectOf(device), kind: 'device.update-failed', text: text.trim() } as const;
    await this.#parts.notifications.raise(tx, news);
  }
}

/** Whether a device says something else than before. */
function isOther(device: KnownState, current: DeviceCurrent): boolean {
  return device.state !== current.state || device.runningSnapshotId !== current.snapshotId;
}

function subjectOf({ id, name, teamId, applicationId }: KnownState) {
  return { teamId, applicationId, subject: { kind: 'device' as const, id, name } };
}

function announce(
  tx: Transaction,
  { id, deviceGroupId, teamId, applicationId }: KnownState,
  changed: boolean,
): void {
  tx.announce({ kind: 'device', id, teamId, applicationId });
  if (deviceGroupId !== null && changed) {
    tx.announce({ kind: 'device-group', id: deviceGroupId, teamId, applicationId });
  }
}

async function audit(
  tx: Transaction,
  device: KnownState,
  { state, snapshotId, reason }: DeviceCurrent,
): Promise<void> {
  await tx.audit({
    ...subjectOf(device),
    event: `device.${state}`,
    actor: auditActor({ kind: 'device', deviceId: device.id }, device.name),
    details: { snapshotId, ...(reason !== null && { reason }) },
  });
}

function reportOf(device: KnownState, current: DeviceCurrent, since: string | null): NewReport {
  return {
    deviceId: device.id,
    state: current.state,
    step: current.step,
    progress: current.progress,
    reason: current.reason,
    currentGeneration: current.generation,
    runningSnapshotId: current.snapshotId,
    failedSnapshotId: current.failedSnapshotId,
    nodeRed: current.nodeRed,
    mode: current.mode,
    edited: current.edited,
    flowState: JSON.stringify(byOurClock(current.flow, device.clockSkewMs ?? 0)),
    since,
  };
}

/** Until when a device holds updates it says by its own clock, which may be wrong. */
function byOurClock(flow: FlowState, skewMs: number): FlowState {
  const { hold } = flow;
  const until = hold && new Date(Date.parse(hold.until) - skewMs);
  return hold && until ? { ...flow, hold: { ...hold, until: until.toISOString() } } : flow;
}
