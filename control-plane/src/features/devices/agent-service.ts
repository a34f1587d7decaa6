import { AGENT_CAPABILITY, type AgentMessage, type DeviceCurrent, type HostHealth } from '@flowyard/protocol';
import type { Database } from '../../db/database.ts';
import type { RuntimeFigures } from '../instances/presenter.ts';
import type { NotificationService } from '../notifications/notification-service.ts';
import type { DeviceEditors } from './device-editors.ts';
import type { DeviceWatch } from './device-watch.ts';
import type { HostRecorder } from './host-recorder.ts';
import type { DeviceExtras } from './presenter.ts';
import type { Connected } from './reports-store.ts';
import { type SpoolMessage, SpoolRecorder } from './spool-recorder.ts';
import type { DeviceFailureRow } from './spool-store.ts';
import { StateRecorder } from './state-recorder.ts';
import { Together } from './together.ts';

type Hello = Extract<AgentMessage, { type: 'hello' }>;

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
  readonly #states: StateRecorder;
  readonly #figures = new Map<string, RuntimeFigures>();

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#db = parts.db;
    this.#spool = new SpoolRecorder(parts.db);
    this.#states = new StateRecorder(parts);
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

  /** Resolves when it is stored. `spools`: whether the agent tells the audit log itself. */
  recordState(deviceId: string, current: DeviceCurrent, spools = false): Promise<void> {
    return this.#states.record({ deviceId, current, spools });
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
