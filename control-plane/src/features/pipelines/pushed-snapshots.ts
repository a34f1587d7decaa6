import type { AgentSnapshot } from '@flowyard/protocol';
import type { Actor } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { conflict } from '../../errors.ts';
import type { DeviceSnapshotService } from '../devices/snapshot-service.ts';
import type { SnapshotInput, SnapshotService } from '../snapshots/service.ts';
import type { SnapshotRow } from '../snapshots/store.ts';
import { deploymentInto } from './push-refusals.ts';
import { noSnapshot, snapshotThere, takesNew } from './push-source.ts';
import { readStagePair, type StagePair } from './stage-pair.ts';
import type { StageRow } from './store.ts';

/** What a device was asked for before its push is written down. */
interface SentContent {
  deviceId: string;
  content: AgentSnapshot;
}

interface Parts {
  db: Database;
  snapshots: SnapshotService;
  deviceSnapshots: Pick<DeviceSnapshotService, 'ask' | 'keep'>;
}

/** The snapshot that a push takes when nobody names one. */
export class PushedSnapshots {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * What runs on the device that a stage takes new snapshots of, null for other stages. It may take a while, so nothing
   * is held up for it, and a push that would be refused anyway does not ask.
   * @throws AppError 409 when the device is offline, 504 when it does not answer
   */
  async askDevice(stageId: string): Promise<SentContent | null> {
    const { stores } = this.#parts.db;
    const { from, to } = await readStagePair(stores, stageId);
    if (!takesNew(from) || from.target.kind !== 'device') {
      return null;
    }
    const [refusal] = await deploymentInto(stores, to);
    if (refusal) {
      throw refusal;
    }
    const { id: deviceId } = from.target;
    return { deviceId, content: await this.#parts.deviceSnapshots.ask(deviceId) };
  }

  /** @param sent what `askDevice` gave for this push */
  async of(
    tx: Transaction,
    actor: Actor,
    { from, to }: StagePair,
    sent: SentContent | null,
  ): Promise<SnapshotRow> {
    const input = {
      name: `Push to ${to.name}`.slice(0, 120),
      description: `Taken for the push from ${from.name} to ${to.name}.`,
      kind: 'deploy' as const,
    };
    const snapshot = takesNew(from)
      ? await this.#take(tx, actor, from, input, sent)
      : await snapshotThere(tx.stores, from);
    if (snapshot === null) {
      throw noSnapshot(from);
    }
    return snapshot;
  }

  async #take(
    tx: Transaction,
    actor: Actor,
    { name, target }: StageRow,
    input: SnapshotInput,
    sent: SentContent | null,
  ): Promise<SnapshotRow | null> {
    const { snapshots, deviceSnapshots } = this.#parts;
    if (target.kind === 'instance') {
      const instance = await tx.stores.instances.find(target.id);
      return instance && snapshots.takeInTransaction(tx, actor, instance, input);
    }
    if (sent?.deviceId !== target.id) {
      throw conflict('stage_changed', `${name} was changed at this moment. Push once more.`);
    }
    return deviceSnapshots.keep(tx, actor, target.id, input, sent.content);
  }
}
