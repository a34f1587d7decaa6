import {
  AGENT_CAPABILITY,
  type AgentMessage,
  type DeviceCurrent,
  type FlowState,
  type HostHealth,
} from '@flowyard/protocol';
import { auditActor } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import type { RuntimeFigures } from '../instances/presenter.ts';
import type { NotificationService } from '../notifications/notification-service.ts';
import type { DeviceEditors } from './device-editors.ts';
import type { KnownState } from './device-row.ts';
import type { DeviceWatch } from './device-watch.ts';
import type { HostRecorder } from './host-recorder.ts';
import type { DeviceExtras } from './presenter.ts';
import type { Connected, NewReport } from './reports-store.ts';
import { type SpoolMessage, SpoolRecorder } from './spool-recorder.ts';
import type { DeviceFailureRow } from './spool-store.ts';
import type { DeviceReport } from './store.ts';
import { Together } from './together.ts';

type Hello = Extract<AgentMessage, { type: 'hello' }>;

/** Reports of a whole fleet come one by one: a transaction for each would cost most of a core. */
const STATES_EVERY_MS = 50;
/** Of so many none gains by waiting for more. */
const ENOUGH_STATES = 250;
/** Changes of state that belong into the audit log. */
const AUDITED: ReadonlySet<string> = new Set(['running', 'crashed', 'error', 'stopped', 'suspended']);

interface ReportedState {
  deviceId: string;
  current: DeviceCurrent;
  spools: boolean;
}

interface Parts {
  db: Database;
  notifications: NotificationService;
  watch: DeviceWatch;
  hosts: HostRecorder;
  editors: DeviceEditors;
  /** The public address of what runs at that host name. */
  urlOf: (label: string) => string;
}

/** What devices say of themselves, by their agents. */
export class AgentService {
  readonly #parts: Parts;
  readonly #db: Database;
  readonly #spool: SpoolRecorder;
  readonly #hellos = new Together<Connected, undefined>((hellos) => this.#recordHellos(hellos));
  readonly #departures = new Together<string, undefined>((ids) => this.#recordDepartures(ids));
  readonly #states = new Together<ReportedState, undefined>((states) => this.#recordStates(states), {
    everyMs: STATES_EVERY_MS,
    enough: ENOUGH_STATES,
  });
  readonly #figures = new Map<string, RuntimeFigures>();

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#db = parts.db;
    this.#spool = new SpoolRecorder(parts.db);
  }

  figuresOf(deviceId: string): RuntimeFigures | undefined {
    return this.#figures.get(deviceId);
  }

  /** What is shown of a device beside its row. */
  extrasOf(deviceId: string): DeviceExtras {
    return {
      figures: this.#figures.get(deviceId),
      host: this.#parts.hosts.of(deviceId),
      url: this.#parts.urlOf(deviceId),
      editors: this.#parts.editors.of(deviceId),
    };
  }

  /** @returns up to where the stream of the spool has been taken in */
  recordSpool(deviceId: string, message: SpoolMessage): Promise<number> {
    return this.#spool.record(deviceId, message);
  }

  failuresOf(deviceId: string): Promise<DeviceFailureRow[]> {
    return this.#db.stores.deviceSpools.failuresOf(deviceId);
  }

  recordHost(deviceId: string, health: HostHealth): void {
    this.#parts.hosts.record(deviceId, health);
  }

  recordMetrics(deviceId: string, figures: RuntimeFigures): void {
    this.#figures.set(deviceId, figures);
  }

  async recordHello(deviceId: string, hello: Hello): Promise<void> {
    const now = Date.now();
    await this.#hellos.do({
      deviceId,
      agentVersion: hello.agentVersion,
      nodeJs: hello.nodeJs,
      platform: hello.platform,
      clockSkewMs: hello.time - now,
      lastSeenAt: new Date(now).toISOString(),
    });
    const spools = hello.capabilities.includes(AGENT_CAPABILITY.spool);
    await this.recordState(deviceId, hello.current, spools);
  }

  /** After a restart of the control plane all devices come at once. */
  async #recordHellos(hellos: Connected[]): Promise<undefined[]> {
    await this.#db.transact(async (tx) => {
      const newest = new Map(hellos.map((hello) => [hello.deviceId, hello]));
      await tx.stores.devices.setOnline([...newest.values()]);
      const ids = [...newest.keys()];
      await this.#parts.watch.seen(tx, ids);
      for (const { id, teamId, applicationId } of await tx.stores.devices.findStates(ids)) {
        tx.announce({ kind: 'device', id, teamId, applicationId });
      }
    });
    return hellos.map(() => undefined);
  }

  /**
   * What devices report is taken in of many at once: a transaction for each would be most of the work. Agents that
   * spool tell the audit log themselves, also of what happened while they were away.
   */
  async recordState(deviceId: string, current: DeviceCurrent, spools = false): Promise<void> {
    await this.#states.do({ deviceId, current, spools });
  }

  async #recordStates(states: ReportedState[]): Promise<undefined[]> {
    await this.#db.transact(async (tx) => {
      const newest = new Map(states.map((state) => [state.deviceId, state]));
      const devices = await tx.stores.devices.findStates([...newest.keys()]);
      const reports: NewReport[] = [];
      for (const device of devices) {
        const state = newest.get(device.id);
        if (state !== undefined) {
          reports.push(await this.#followState(tx, device, state));
        }
      }
      await tx.stores.devices.recordReports(reports);
    });
    return states.map(() => undefined);
  }

  /** What follows from a report, and what is to be stored of it. */
  async #followState(
    tx: Transaction,
    device: KnownState,
    { current, spools }: ReportedState,
  ): Promise<NewReport> {
    const { id, name, teamId, applicationId, deviceGroupId } = device;
    const changed = device.state !== current.state || device.runningSnapshotId !== current.snapshotId;
    await this.#notify(tx, device, current);
    if (changed && !spools && AUDITED.has(current.state)) {
      await tx.audit({
        event: `device.${current.state}`,
        actor: auditActor({ kind: 'device', deviceId: id }, name),
        teamId,
        applicationId,
        subject: { kind: 'device', id, name },
        details: {
          snapshotId: current.snapshotId,
          ...(current.reason !== null && { reason: current.reason }),
        },
      });
    }
    tx.announce({ kind: 'device', id, teamId, applicationId });
    if (deviceGroupId !== null && changed) {
      tx.announce({ kind: 'device-group', id: deviceGroupId, teamId, applicationId });
    }
    const flowState = JSON.stringify(byOurClock(current.flow, device.clockSkewMs ?? 0));
    return {
      ...reportOf(current),
      flowState,
      deviceId: id,
      since: changed ? new Date().toISOString() : null,
    };
  }

  async #notify(tx: Transaction, device: KnownState, current: DeviceCurrent): Promise<void> {
    const { notifications } = this.#parts;
    const { id, name, teamId, applicationId } = device;
    const news = { teamId, applicationId, subject: { kind: 'device', id, name } };
    const failed = current.failedSnapshotId;
    if (failed !== null && failed !== device.failedSnapshotId) {
      const snapshot = await tx.stores.snapshots.find(failed);
      const text = `“${snapshot?.name ?? failed}” did not work here; the device went back. Its page has the log; try it again there, or set another target.\n${current.reason ?? ''}`;
      await notifications.raise(tx, { ...news, kind: 'device.update-failed', text: text.trim() });
    } else if (failed === null && device.failedSnapshotId !== null) {
      await notifications.resolve(tx, id, ['device.update-failed']);
    }
    if (current.state === device.state) {
      return;
    }
    if (current.state === 'crashed' || current.state === 'error') {
      const text = current.reason ?? 'Node-RED does not run as it should.';
      await notifications.raise(tx, { ...news, kind: 'device.error', text });
    } else if (current.state === 'running') {
      await notifications.resolve(tx, id, ['device.error']);
    }
  }

  async recordGone(deviceId: string): Promise<void> {
    this.#figures.delete(deviceId);
    this.#parts.hosts.forget(deviceId);
    await this.#departures.do(deviceId);
  }

  async #recordDepartures(deviceIds: string[]): Promise<undefined[]> {
    await this.#db.transact(async (tx) => {
      await tx.stores.devices.setOffline(deviceIds, new Date().toISOString());
      for (const device of await tx.stores.devices.findStates(deviceIds)) {
        const { id, deviceGroupId, teamId, applicationId } = device;
        tx.announce({ kind: 'device', id, teamId, applicationId });
        if (deviceGroupId !== null) {
          tx.announce({ kind: 'device-group', id: deviceGroupId, teamId, applicationId });
        }
      }
    });
    return deviceIds.map(() => undefined);
  }
}

/** Until when a device holds updates it says by its own clock, which may be wrong. */
function byOurClock(flow: FlowState, skewMs: number): FlowState {
  const { hold } = flow;
  const until = hold && new Date(Date.parse(hold.until) - skewMs);
  return hold && until ? { ...flow, hold: { ...hold, until: until.toISOString() } } : flow;
}

function reportOf(current: DeviceCurrent): Omit<DeviceReport, 'flowState'> {
  return {
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
  };
}
