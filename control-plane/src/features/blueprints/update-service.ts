import type { BlueprintVariable, InstanceBlueprint } from '@flowyard/protocol';
import { auditActor, type UserActor } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import type { Stores } from '../../db/stores.ts';
import { conflict, notFound } from '../../errors.ts';
import type { Vault } from '../../secrets/vault.ts';
import { refuseDuringChange } from '../instance-changes/service.ts';
import type { InstanceRow } from '../instances/instance-row.ts';
import type { SnapshotApplier } from '../snapshots/applier.ts';
import type { SnapshotService } from '../snapshots/service.ts';
import type { SnapshotRow } from '../snapshots/store.ts';
import { type BlueprintAccess, mayEdit } from './blueprint-access.ts';
import { declaredBy, presentBlueprint } from './presenter.ts';
import type { BlueprintRow } from './store.ts';
import { variablesFrom } from './variable-values.ts';

interface Parts {
  db: Database;
  vault: Vault;
  snapshots: SnapshotService;
  applier: SnapshotApplier;
  blueprintAccess: BlueprintAccess;
}

interface Update {
  version: number;
  replaceChanges: boolean;
  env?: Record<string, string> | undefined;
}

/** Brings what was made from a blueprint to its newest version. */
export class BlueprintUpdateService {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async state(actor: UserActor, instanceId: string): Promise<InstanceBlueprint> {
    const { stores } = this.#parts.db;
    const instance = await requireInstance(stores, instanceId);
    const { row, sight } = await this.#parts.blueprintAccess.requireVisible(actor, blueprintOf(instance));
    return {
      blueprint: presentBlueprint(row, mayEdit(row, sight)),
      version: instance.blueprintVersion ?? 0,
      flowsChanged: await hasChanged(stores, instance),
      missing: await missingOf(stores, instance, row),
    };
  }

  /** What the instance has is kept in a snapshot before. Its variables and credentials stay. */
  async apply(actor: UserActor, instanceId: string, update: Update): Promise<SnapshotRow> {
    const { db, snapshots, blueprintAccess } = this.#parts;
    const seen = await requireInstance(db.stores, instanceId);
    await blueprintAccess.requireVisible(actor, blueprintOf(seen));
    return db.transact(async (tx) => {
      const instance = await requireInstance(tx.stores, instanceId);
      const blueprint = await tx.stores.blueprints.find(blueprintOf(instance));
      if (blueprint === null) {
        throw notFound('blueprint');
      }
      await refuseDuringChange(tx, instance);
      await this.#refuse(tx, instance, blueprint, update);
      const safety = await snapshots.takeInTransaction(tx, actor, instance, {
        name: `Before version ${blueprint.version} of ${blueprint.name}`.slice(0, 120),
        kind: 'auto',
      });
      await this.#change(tx, actor, instance, blueprint, update.env ?? {});
      await tx.audit({
        event: 'instance.blueprint-applied',
        actor: auditActor(actor),
        teamId: instance.teamId,
        applicationId: instance.applicationId,
        subject: { kind: 'instance', id: instance.id, name: instance.name },
        details: {
          blueprintId: blueprint.id,
          blueprint: blueprint.name,
          before: { version: instance.blueprintVersion },
          after: { version: blueprint.version },
          safetySnapshotId: safety.id,
        },
      });
      return safety;
    });
  }

  async #refuse(
    tx: Transaction,
    instance: InstanceRow,
    blueprint: BlueprintRow,
    { version, replaceChanges }: Update,
  ): Promise<void> {
    if (version !== blueprint.version) {
      throw conflict(
        'other_version',
        `${blueprint.name} has version ${blueprint.version} now. Look at it again, then apply it.`,
        { version: blueprint.version },
      );
    }
    if (!replaceChanges && (await hasChanged(tx.stores, instance))) {
      throw conflict(
        'flows_changed',
        `The flows of ${instance.name} were changed since they came from ${blueprint.name}. The new version would replace these changes. Confirm that, and they are kept in a snapshot only.`,
      );
    }
  }

  async #change(
    tx: Transaction,
    actor: UserActor,
    instance: InstanceRow,
    blueprint: BlueprintRow,
    env: Record<string, string>,
  ): Promise<void> {
    const missing = await missingOf(tx.stores, instance, blueprint);
    const asked = new Set(missing.map(({ name }) => name));
    const values = Object.fromEntries(Object.entries(env).filter(([name]) => asked.has(name)));
    await this.#parts.applier.applyContent(tx, actor, instance, {
      flows: blueprint.flowsDigest,
      modules: { ...JSON.parse(instance.modules), ...JSON.parse(blueprint.modules) },
      variables: variablesFrom(missing, values, this.#parts.vault),
    });
    await tx.stores.instances.setBlueprint(instance.id, blueprint.id, blueprint.version);
  }
}

async function requireInstance(stores: Stores, id: string): Promise<InstanceRow> {
  const instance = await stores.instances.find(id);
  if (instance === null) {
    throw notFound('instance');
  }
  return instance;
}

function blueprintOf({ blueprintId, name }: InstanceRow): string {
  if (blueprintId === null) {
    throw conflict('no_blueprint', `${name} was not made from a blueprint, or it was deleted since.`);
  }
  return blueprintId;
}

async function hasChanged(stores: Stores, instance: InstanceRow): Promise<boolean> {
  const given = await stores.blueprints.flowsOfVersion(
    instance.blueprintId ?? '',
    instance.blueprintVersion ?? 0,
  );
  return given !== instance.flowsDigest;
}

/** What the newest version asks for and the instance does not have. */
async function missingOf(
  stores: Stores,
  instance: InstanceRow,
  blueprint: BlueprintRow,
): Promise<BlueprintVariable[]> {
  const has = new Set((await stores.instances.variables(instance.id)).map(({ name }) => name));
  return declaredBy(blueprint).filter(({ name }) => !has.has(name));
}
