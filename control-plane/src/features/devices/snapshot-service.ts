import {
  AGENT_CAPABILITY,
  type AgentSnapshot,
  type FlowCredentials,
  Modules,
  type SnapshotManifest,
} from '@flowyard/protocol';
import type { Actor } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { AppError, conflict, invalid } from '../../errors.ts';
import type { AgentHub } from '../../relay/agent-hub.ts';
import { decryptCredentials } from '../../secrets/flow-credentials.ts';
import type { Vault } from '../../secrets/vault.ts';
import { openSettings } from '../snapshots/instance-contents.ts';
import { keepLockFile } from '../snapshots/lock-files.ts';
import { manifestOf } from '../snapshots/manifest.ts';
import { sealCredentials } from '../snapshots/seal-credentials.ts';
import type { SnapshotRow } from '../snapshots/store.ts';
import { AgentRequests } from './agent-requests.ts';
import type { DeviceRow } from './device-row.ts';
import { keepDeviceSnapshot } from './keep-snapshot.ts';
import { variablesAsRun } from './pushed-target.ts';
import { requireDevice } from './require-device.ts';

const ANSWER_WITHIN_MS = 60_000;

interface Parts {
  db: Database;
  vault: Vault;
  agentHub: Pick<AgentHub, 'isConnected' | 'can' | 'send' | 'onRequestFailed'>;
  answerWithinMs?: number;
}

/** Snapshots of devices: the agent is asked for what runs, and sends it. */
export class DeviceSnapshotService {
  readonly #parts: Parts;
  readonly #requests: AgentRequests<AgentSnapshot>;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#requests = new AgentRequests(parts.answerWithinMs ?? ANSWER_WITHIN_MS);
    parts.agentHub.onRequestFailed((deviceId, id, reason) =>
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
    const { db } = this.#parts;
    const device = await requireDevice(db.stores, deviceId);
    this.#refuseAway(device);
    const content = await this.#ask(device);
    return db.transact((tx) => this.#keep(tx, actor, deviceId, input, content));
  }

  /** What runs on a device, without keeping a snapshot of it; null when it does not say. */
  async read(deviceId: string): Promise<AgentSnapshot | null> {
    const { agentHub, db } = this.#parts;
    const device = await db.stores.devices.find(deviceId);
    if (device === null || !agentHub.can(deviceId, AGENT_CAPABILITY.snapshot)) {
      return null;
    }
    return this.#ask(device).catch(() => null);
  }

  #ask({ id: deviceId, name }: DeviceRow): Promise<AgentSnapshot> {
    return this.#requests.ask(
      deviceId,
      (id) => this.#parts.agentHub.send(deviceId, { type: 'take-snapshot', id }),
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
    const { agentHub } = this.#parts;
    if (!agentHub.isConnected(device.id)) {
      throw conflict(
        'device_offline',
        `${device.name} is offline. A snapshot of it can be taken when it is there again.`,
      );
    }
    if (!agentHub.can(device.id, AGENT_CAPABILITY.snapshot)) {
      throw conflict(
        'agent_too_old',
        `The agent on ${device.name} is too old to send snapshots. Update it there.`,
      );
    }
  }

  async #keep(
    tx: Transaction,
    actor: Actor,
    deviceId: string,
    input: { name: string; description?: string | undefined },
    content: AgentSnapshot,
  ): Promise<SnapshotRow> {
    const device = await requireDevice(tx.stores, deviceId);
    await tx.stores.teams.lock(device.teamId);
    return keepDeviceSnapshot(tx, actor, device, {
      name: input.name,
      description: input.description ?? '',
      kind: 'manual',
      flows: content.flows,
      ...(await this.#manifest(tx, device, content)),
    });
  }

  async #manifest(
    tx: Transaction,
    device: DeviceRow,
    content: AgentSnapshot,
  ): Promise<{ manifest: SnapshotManifest; lockProblem: string | null }> {
    const base = content.baseSnapshotId && (await tx.stores.snapshots.find(content.baseSnapshotId));
    const modules = Modules.safeParse(content.modules);
    if (!modules.success) {
      throw invalid('modules', 'has a module of which no other device could have the same version');
    }
    const { lock, problem } = await keepLockFile(tx, content.lock, modules.data, 'device');
    const manifest: SnapshotManifest = {
      version: 1,
      flows: await tx.stores.blobs.put(Buffer.from(JSON.stringify(content.flows))),
      // They leave the key of the device and come under that of the platform.
      credentials: await sealCredentials(tx, this.#parts.vault, this.#decrypt(device, content)),
      variables: base && base.teamId === device.teamId ? variablesOf(device, base) : [],
      modules: modules.data,
      settings: openSettings(device.settings),
      lock,
      nodeRed: content.nodeRed,
      nodeJs: content.nodeJs,
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

/** Those of the snapshot that it began with, as they count there: what a push brought has no values to pass on. */
function variablesOf(device: DeviceRow, base: SnapshotRow): SnapshotManifest['variables'] {
  const isHeldToRun = base.id === device.runningSnapshotId;
  return variablesAsRun(manifestOf(base).variables, !isHeldToRun || device.runningPushed);
}
