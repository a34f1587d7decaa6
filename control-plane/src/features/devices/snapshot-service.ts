import {
  AGENT_CAPABILITY,
  type AgentSnapshot,
  type FlowCredentials,
  type Flows,
  Modules,
  type SnapshotManifest,
} from '@flowyard/protocol';
import type { Actor } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import type { Stores } from '../../db/stores.ts';
import { AppError, conflict, invalid } from '../../errors.ts';
import type { AgentHub } from '../../relay/agent-hub.ts';
import { decryptCredentials } from '../../secrets/flow-credentials.ts';
import type { Vault } from '../../secrets/vault.ts';
import { digestOf } from '../snapshots/blob-store.ts';
import { openSettings } from '../snapshots/instance-contents.ts';
import { keepLockFile, lockDigestOf } from '../snapshots/lock-files.ts';
import { manifestOf } from '../snapshots/manifest.ts';
import { sealCredentials } from '../snapshots/seal-credentials.ts';
import type { SnapshotInput } from '../snapshots/service.ts';
import type { SnapshotRow } from '../snapshots/store.ts';
import { AgentRequests } from './agent-requests.ts';
import type { DeviceRow } from './device-row.ts';
import { keepDeviceSnapshot } from './keep-snapshot.ts';
import { variablesAsRun } from './pushed-target.ts';
import { requireDevice } from './require-device.ts';

const ANSWER_WITHIN_MS = 60_000;

type Hub = Pick<AgentHub, 'isConnected' | 'can' | 'send' | 'onRequestFailed'>;

interface Parts {
  db: Database;
  vault: Vault;
  answerWithinMs?: number;
}

/** Snapshots of devices: the agent is asked for what runs, and sends it. */
export class DeviceSnapshotService {
  readonly #parts: Parts;
  readonly #requests: AgentRequests<AgentSnapshot>;
  #agentHub: Hub | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#requests = new AgentRequests(parts.answerWithinMs ?? ANSWER_WITHIN_MS);
  }

  /** Devices are asked through it from now on. */
  connect(agentHub: Hub): void {
    this.#agentHub = agentHub;
    agentHub.onRequestFailed((deviceId, id, reason) =>
      this.#requests.fail(deviceId, id, conflict('snapshot_failed', `The device says: ${reason}`)),
    );
  }

  /** Waits for no device any more. */
  stop(): void {
    this.#requests.failAll(
      new AppError(503, 'stopping', 'The control plane is being stopped. Try again in a moment.'),
    );
  }

  async take(
    actor: Actor,
    deviceId: string,
    input: { name: string; description?: string | undefined },
  ): Promise<SnapshotRow> {
    const content = await this.ask(deviceId);
    return this.#parts.db.transact(async (tx) => {
      const device = await requireDevice(tx.stores, deviceId);
      await tx.stores.teams.lock(device.teamId);
      return this.keep(tx, actor, deviceId, { ...input, kind: 'manual' }, content);
    });
  }

  /**
   * What runs on a device now.
   * @throws AppError 409 when it is not there, or too old to say, 504 when it does not answer
   */
  async ask(deviceId: string): Promise<AgentSnapshot> {
    const device = await requireDevice(this.#parts.db.stores, deviceId);
    this.#refuseAway(device);
    return this.#ask(device);
  }

  /** What runs on a device, without keeping a snapshot of it; null when it does not say. */
  async read(deviceId: string): Promise<AgentSnapshot | null> {
    const device = await this.#parts.db.stores.devices.find(deviceId);
    if (device === null || !this.#agentHub?.can(deviceId, AGENT_CAPABILITY.snapshot)) {
      return null;
    }
    return this.#ask(device).catch(() => null);
  }

  /** The snapshot that would be taken of a device now; nothing of it is kept. Throws as `ask` does. */
  async preview(deviceId: string): Promise<{ flows: Flows; manifest: SnapshotManifest }> {
    const { stores } = this.#parts.db;
    const content = await this.ask(deviceId);
    const device = await requireDevice(stores, deviceId);
    const surroundings = await surroundingsOf(stores, device, content);
    const hasCredentials = Object.keys(content.credentials).length > 0;
    const manifest: SnapshotManifest = {
      ...surroundings,
      flows: digestOf(bytesOf(content.flows)),
      credentials: hasCredentials ? digestOf(bytesOf(content.credentials)) : null,
      lock: lockDigestOf(content.lock, surroundings.modules),
    };
    return { flows: content.flows, manifest };
  }

  #ask({ id: deviceId, name }: DeviceRow): Promise<AgentSnapshot> {
    return this.#requests.ask(
      deviceId,
      (id) => this.#agentHub?.send(deviceId, { type: 'take-snapshot', id }),
      () =>
        new AppError(
          504,
          'device_silent',
          `${name} did not send what it runs in time. Look at its network, and try again.`,
        ),
    );
  }

  /** What the agent of a device sent. */
  receive(deviceId: string, content: AgentSnapshot): { id: string } {
    if (!this.#requests.answer(deviceId, content.requestId, content)) {
      throw conflict('not_asked', 'This device was not asked for a snapshot, or it came too late.');
    }
    return { id: deviceId };
  }

  #refuseAway(device: DeviceRow): void {
    if (!this.#agentHub?.isConnected(device.id)) {
      throw conflict(
        'device_offline',
        `${device.name} is offline. A snapshot of it can be taken when it is there again.`,
      );
    }
    if (!this.#agentHub.can(device.id, AGENT_CAPABILITY.snapshot)) {
      throw conflict(
        'agent_too_old',
        `The agent on ${device.name} is too old to send snapshots. Update it there.`,
      );
    }
  }

  /** Keeps what a device sent when it was asked. For a snapshot that counts against limits the team must be locked. */
  async keep(
    tx: Transaction,
    actor: Actor,
    deviceId: string,
    { name, description = '', kind }: SnapshotInput,
    content: AgentSnapshot,
  ): Promise<SnapshotRow> {
    const device = await requireDevice(tx.stores, deviceId);
    const { manifest, lockProblem } = await this.#manifest(tx, device, content);
    const { flows } = content;
    return keepDeviceSnapshot(tx, actor, device, { name, description, kind, flows, manifest, lockProblem });
  }

  /**
   * Keeps what a device sent unless that is what its newest snapshot has, or the one that it was given.
   * @returns null then
   */
  async keepIfChanged(
    tx: Transaction,
    deviceId: string,
    input: SnapshotInput,
    content: AgentSnapshot,
  ): Promise<SnapshotRow | null> {
    const device = await requireDevice(tx.stores, deviceId);
    const { manifest, lockProblem } = await this.#manifest(tx, device, content);
    const newest = await tx.stores.snapshots.newestOfDevice(deviceId);
    if (newest?.manifest === JSON.stringify(manifest) || (await runsAsGiven(tx.stores, content, manifest))) {
      return null;
    }
    const { name, description = '', kind } = input;
    const { flows } = content;
    const actor: Actor = { kind: 'device', deviceId };
    return keepDeviceSnapshot(tx, actor, device, { name, description, kind, flows, manifest, lockProblem });
  }

  async #manifest(
    tx: Transaction,
    device: DeviceRow,
    content: AgentSnapshot,
  ): Promise<{ manifest: SnapshotManifest; lockProblem: string | null }> {
    const surroundings = await surroundingsOf(tx.stores, device, content);
    const { lock, problem } = await keepLockFile(tx, content.lock, surroundings.modules, 'device');
    const manifest: SnapshotManifest = {
      ...surroundings,
      flows: await tx.stores.blobs.put(bytesOf(content.flows)),
      // They leave the key of the device and come under that of the platform.
      credentials: await sealCredentials(tx, this.#parts.vault, this.#decrypt(device, content)),
      lock,
    };
    return { manifest, lockProblem: problem };
  }

  #decrypt(device: DeviceRow, content: AgentSnapshot): FlowCredentials | null {
    if (Object.keys(content.credentials).length === 0) {
      return null;
    }
    try {
      return decryptCredentials(this.#parts.vault.unseal(device.credentialSecret), content.credentials);
    } catch {
      throw conflict(
        'credentials_unreadable',
        `The credentials on ${device.name} are encrypted with another secret than its own.`,
      );
    }
  }
}

/** Whether nobody changed flows, credentials or modules since the snapshot that the device began with. */
async function runsAsGiven(
  stores: Stores,
  { baseSnapshotId }: AgentSnapshot,
  { flows, credentials, modules }: SnapshotManifest,
): Promise<boolean> {
  const base = baseSnapshotId === null ? null : await stores.snapshots.find(baseSnapshotId);
  if (base === null) {
    return false;
  }
  const given = manifestOf(base);
  const hasSameModules = JSON.stringify(given.modules) === JSON.stringify(modules);
  return given.flows === flows && given.credentials === credentials && hasSameModules;
}

type Surroundings = Omit<SnapshotManifest, 'flows' | 'credentials' | 'lock'>;

/** What comes with the flows of a device. */
async function surroundingsOf(
  stores: Stores,
  device: DeviceRow,
  content: AgentSnapshot,
): Promise<Surroundings> {
  const base = content.baseSnapshotId && (await stores.snapshots.find(content.baseSnapshotId));
  const modules = Modules.safeParse(content.modules);
  if (!modules.success) {
    throw invalid('modules', 'has a module of which no other device could have the same version');
  }
  return {
    version: 1,
    variables: base && base.teamId === device.teamId ? variablesOf(device, base) : [],
    modules: modules.data,
    settings: openSettings(device.settings),
    nodeRed: content.nodeRed,
    nodeJs: content.nodeJs,
  };
}

function bytesOf(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** Those of the snapshot that it began with, as they count there: what a push brought has no values to pass on. */
function variablesOf(device: DeviceRow, base: SnapshotRow): SnapshotManifest['variables'] {
  const isHeldToRun = base.id === device.runningSnapshotId;
  return variablesAsRun(manifestOf(base).variables, !isHeldToRun || device.runningPushed);
}
