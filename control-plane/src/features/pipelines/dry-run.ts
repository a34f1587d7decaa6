import {
  type Contents,
  compareContents,
  type DryRunView,
  type Flows,
  type SnapshotManifest,
} from '@flowyard/protocol';
import type { Actor } from '../../access/actor.ts';
import { AppError } from '../../errors.ts';
import { variablesAsRun, variablesForAgent } from '../devices/pushed-target.ts';
import { surroundingsOf } from '../snapshots/instance-contents.ts';
import { manifestOf } from '../snapshots/manifest.ts';
import { missingVariables, variablesOnDevices } from './missing-variables.ts';
import { countEffects, effectOnDevice, effectOnInstance } from './push-effects.ts';
import { refusalsOf } from './push-refusals.ts';
import { type PushSource, readSource, type SourceParts } from './push-source.ts';
import { readStagePair } from './stage-pair.ts';
import type { StageRights } from './stage-rights.ts';
import type { StageRow } from './store.ts';

const SHOWN_TARGETS = 200;

type Manifest = Omit<SnapshotManifest, 'version'>;

/** What a stage's target has before a push. */
interface Current {
  reference: DryRunView['current'];
  manifest: Manifest | null;
  targets: DryRunView['targets'];
}

interface Parts extends SourceParts {
  rights: StageRights;
}

/** Says what a push would do, and does nothing. */
export class DryRunService {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async read(actor: Actor, stageId: string, snapshotId: string | undefined): Promise<DryRunView> {
    const { db, rights } = this.#parts;
    const { from, to } = await readStagePair(db.stores, stageId);
    await rights.requireRead(actor, from);
    await rights.requireRead(actor, to);
    const source = await readSource(this.#parts, from, snapshotId);
    const missing = await missingVariables(db.stores, to.target, source.manifest.variables);
    const current =
      to.target.kind === 'instance' ? await this.#instance(to, source) : await this.#devices(to, source);
    const before = await this.#contents(current.manifest ?? emptyLike(source.manifest));
    const after = await this.#contents(
      to.target.kind === 'instance'
        ? promoted(before.manifest, source.manifest)
        : await this.#promotedToDevices(to, before.manifest, source.manifest),
      source.flows,
    );
    return {
      from: { id: from.id, name: from.name },
      to: { id: to.id, name: to.name },
      snapshot: source.snapshot && { id: source.snapshot.id, name: source.snapshot.name },
      current: current.reference,
      comparison: compareContents(before, after),
      missingVariables: missing,
      effects: countEffects(current.targets),
      targets: current.targets.slice(0, SHOWN_TARGETS),
      refusals: [
        ...(await this.#rightsAgainst(actor, to)),
        ...(await refusalsOf(db.stores, to, missing)),
      ].map(({ code, message }) => ({ code, message })),
      needsApproval: to.approval,
    };
  }

  async #rightsAgainst(actor: Actor, to: StageRow): Promise<AppError[]> {
    try {
      await this.#parts.rights.requireInto(actor, to);
      return [];
    } catch (error) {
      if (error instanceof AppError) {
        return [error];
      }
      throw error;
    }
  }

  async #instance(to: StageRow, source: PushSource): Promise<Current> {
    const { db, vault } = this.#parts;
    const instance = await db.stores.instances.find(to.target.id);
    if (instance === null) {
      return { reference: null, manifest: null, targets: [] };
    }
    const { id, name, credentialsDigest: credentials, lockDigest: lock } = instance;
    const manifest = { ...(await surroundingsOf(db.stores, vault, instance)), credentials, lock };
    const isRunning = instance.desired === 'running';
    const effect = effectOnInstance(manifest, source.manifest, { isRunning });
    return {
      reference: { id, name },
      manifest,
      targets: [{ kind: 'instance', id, name, ...effect }],
    };
  }

  async #devices(to: StageRow, source: PushSource): Promise<Current> {
    const { stores } = this.#parts.db;
    const { kind, id } = to.target;
    const devices =
      kind === 'device'
        ? await stores.devices.findMany([id])
        : await stores.devices.all({ deviceGroupId: id });
    const group = kind === 'device' ? null : await stores.deviceGroups.findHead(id);
    const compared = group === null ? (devices[0]?.runningSnapshotId ?? null) : group.targetSnapshotId;
    const ids = [compared, ...devices.map(({ runningSnapshotId }) => runningSnapshotId)];
    const snapshots = await stores.snapshots.findMany([...new Set(ids.filter((one) => one !== null))]);
    const manifests = new Map([...snapshots].map(([key, row]) => [key, manifestOf(row)]));
    const pushed = { ...asSent(source.manifest, true), snapshotId: source.snapshot?.id ?? null };
    const known = compared === null ? undefined : snapshots.get(compared);
    const manifest = (known && manifests.get(known.id)) ?? null;
    const isPushed = group === null ? (devices[0]?.runningPushed ?? false) : group.targetPushed;
    return {
      reference: known ? { id: known.id, name: known.name } : null,
      manifest: manifest && (await this.#withValues(to, manifest, isPushed)),
      targets: devices.map((device) => {
        const runs = manifests.get(device.runningSnapshotId ?? '');
        const current = runs ? asSent(runs, device.runningPushed) : null;
        return {
          kind: 'device',
          id: device.id,
          name: device.name,
          ...effectOnDevice(device, current, pushed),
        };
      }),
    };
  }

  /** With the values that flows find on the devices. */
  async #withValues(to: StageRow, manifest: Manifest, pushed: boolean): Promise<Manifest> {
    const variables = variablesAsRun(manifest.variables, pushed);
    return {
      ...manifest,
      variables: await variablesOnDevices(this.#parts.db.stores, to.target, variables),
    };
  }

  async #promotedToDevices(to: StageRow, before: Manifest, pushed: Manifest): Promise<Manifest> {
    const { settings: _, ...rest } = await this.#withValues(to, pushed, true);
    return { ...rest, ...(before.settings && { settings: before.settings }), nodeJs: before.nodeJs };
  }

  async #contents(manifest: Manifest, known?: Flows): Promise<Contents & { manifest: Manifest }> {
    if (known !== undefined || manifest.flows === '') {
      return { flows: known ?? [], manifest };
    }
    const { blobs } = this.#parts.db.stores;
    return { flows: JSON.parse((await blobs.get(manifest.flows)).toString()), manifest };
  }
}

/** Of a target that has nothing yet. */
function emptyLike({ nodeRed, nodeJs }: Manifest): Manifest {
  return { flows: '', credentials: null, variables: [], modules: {}, lock: null, nodeRed, nodeJs };
}

function asSent(manifest: Manifest, pushed: boolean): Manifest {
  return { ...manifest, variables: variablesForAgent(manifest.variables, pushed) };
}

/** What an instance has afterwards: flows, modules and names of variables are the ones that move. */
function promoted(before: Manifest, pushed: Manifest): Manifest {
  const values = new Map(before.variables.map((variable) => [variable.name, variable]));
  const named = pushed.variables.map(
    ({ name, secret }) => values.get(name) ?? { name, value: secret ? null : '', secret },
  );
  const kept = before.variables.filter(({ name }) => !named.some((variable) => variable.name === name));
  const { settings: _, ...withoutSettings } = pushed;
  return {
    ...withoutSettings,
    variables: [...kept, ...named],
    ...(before.settings && { settings: before.settings }),
    nodeRed: before.nodeRed,
    nodeJs: before.nodeJs,
  };
}
