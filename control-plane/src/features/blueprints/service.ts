import {
  type AuditEventName,
  type BlueprintCategory,
  type BlueprintIcon,
  type BlueprintPicture,
  type BlueprintVariable,
  type BlueprintView,
  type Flows,
  type ListQuery,
  type Page,
  summariseFlows,
} from '@flowyard/protocol';
import { auditActor, type UserActor } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { mapPage } from '../../db/paging.ts';
import { conflict, invalid, notFound } from '../../errors.ts';
import { newId } from '../../ids.ts';
import { manifestOf } from '../snapshots/manifest.ts';
import { refuseMissingFeature } from '../team-types/features.ts';
import { type BlueprintAccess, mayEdit } from './blueprint-access.ts';
import { readPicture } from './picture.ts';
import { declaredBy, presentBlueprint } from './presenter.ts';
import type { BlueprintContent, BlueprintRow } from './store.ts';
import { checkDeclarations } from './variable-values.ts';

interface Parts {
  db: Database;
  blueprintAccess: BlueprintAccess;
}

interface Facts {
  name: string;
  description: string;
  category: BlueprintCategory;
  icon: BlueprintIcon;
  picture: BlueprintPicture | null;
  variables: BlueprintVariable[];
}

type Maybe<T> = { [K in keyof T]?: T[K] | undefined };
type BlueprintInput = Facts & { snapshotId: string; scope: 'team' | 'platform' };
type BlueprintUpdate = Maybe<Facts & { snapshotId: string; active: boolean }>;

/** Blueprints: what instances are made from. They hold their content themselves, whatever becomes of the snapshot. */
export class BlueprintService {
  readonly #db: Database;
  readonly #access: BlueprintAccess;

  constructor({ db, blueprintAccess }: Parts) {
    this.#db = db;
    this.#access = blueprintAccess;
  }

  async list(
    actor: UserActor,
    query: ListQuery & {
      teamId?: string | undefined;
      scope?: 'platform' | undefined;
      category?: BlueprintCategory | undefined;
    },
  ): Promise<Page<BlueprintView>> {
    const sight = await this.#access.sightOf(actor);
    const { teamId, scope } = query;
    const isTheirs = teamId !== undefined && (sight.teamIds === null || sight.teamIds.includes(teamId));
    const narrowed = { ...sight, teamIds: isTheirs && scope === undefined ? [teamId] : [] };
    const wanted = teamId === undefined && scope === undefined ? sight : narrowed;
    const page = await this.#db.stores.blueprints.list(wanted, query);
    return mapPage(page, (row) => presentBlueprint(row, mayEdit(row, sight)));
  }

  async view(actor: UserActor, id: string): Promise<BlueprintView> {
    const { row, sight } = await this.#access.requireVisible(actor, id);
    return presentBlueprint(row, mayEdit(row, sight));
  }

  async picture(actor: UserActor, id: string): Promise<{ type: string; bytes: Buffer }> {
    const { row } = await this.#access.requireVisible(actor, id);
    if (row.picture === null || row.pictureType === null) {
      throw notFound('picture');
    }
    return { type: row.pictureType, bytes: await this.#db.stores.blobs.get(row.picture) };
  }

  /** @throws AppError 422 unless it is one from which that person can make an instance in that team */
  async requireUsable(actor: UserActor, id: string, teamId: string): Promise<void> {
    const seen = await this.#access.requireVisible(actor, id).catch(() => null);
    if (seen === null || (seen.row.teamId !== null && seen.row.teamId !== teamId)) {
      throw invalid('blueprintId', 'is not a blueprint; GET /blueprints lists them');
    }
    await refuseMissingFeature(this.#db.stores, teamId, 'blueprints');
    if (!seen.row.active) {
      throw conflict(
        'not_offered',
        `The blueprint ${seen.row.name} is not offered any more. Choose another.`,
      );
    }
  }

  async create(actor: UserActor, input: BlueprintInput): Promise<BlueprintView> {
    const snapshotTeam = await this.#access.teamOfSnapshot(actor, input.snapshotId);
    const teamId = input.scope === 'team' ? snapshotTeam : null;
    await this.#access.requireScope(actor, teamId);
    if (teamId !== null) {
      await refuseMissingFeature(this.#db.stores, teamId, 'blueprints');
    }
    checkDeclarations(input.variables);
    const bytes = input.picture && readPicture(input.picture);
    const id = newId();
    await this.#db.transact(async (tx) => {
      const content = await this.#contentOf(tx, actor, input.snapshotId, input.variables);
      const { name, description, category, icon } = input;
      await tx.stores.blueprints.insert({
        id,
        teamId,
        shippedKey: null,
        shippedDigest: null,
        ...{ name, description, category, icon },
        picture: bytes && (await tx.stores.blobs.put(bytes)),
        pictureType: input.picture?.type ?? null,
        createdAt: new Date().toISOString(),
        ...content,
      });
      await record(
        tx,
        actor,
        'blueprint.created',
        { id, teamId, name },
        {
          scope: input.scope,
          variables: input.variables.map((variable) => variable.name),
        },
      );
    });
    return this.view(actor, id);
  }

  async update(actor: UserActor, id: string, changes: BlueprintUpdate): Promise<BlueprintView> {
    const seen = await this.#access.requireEditable(actor, id);
    if (seen.teamId !== null) {
      await refuseMissingFeature(this.#db.stores, seen.teamId, 'blueprints');
    }
    const { snapshotId, variables, active, picture } = changes;
    refuseShipped(
      seen,
      Object.keys(changes).filter((key) => key !== 'active'),
    );
    if (snapshotId !== undefined) {
      const teamId = await this.#access.teamOfSnapshot(actor, snapshotId);
      if (seen.teamId !== null && seen.teamId !== teamId) {
        throw invalid('snapshotId', 'is not a snapshot of the team that has the blueprint');
      }
    }
    checkDeclarations(variables ?? []);
    const bytes = picture && readPicture(picture);
    await this.#db.transact(async (tx) => {
      const before = await requireLocked(tx, id);
      const { name, description, category, icon } = changes;
      const newPicture =
        picture === undefined
          ? {}
          : {
              picture: bytes ? await tx.stores.blobs.put(bytes) : null,
              pictureType: picture?.type ?? null,
            };
      const at = new Date().toISOString();
      await tx.stores.blueprints.update(id, { name, description, category, icon, active, ...newPicture }, at);
      const version = await this.#newContent(tx, actor, before, snapshotId, variables);
      await announceUsers(tx, id);
      await record(tx, actor, 'blueprint.changed', before, {
        before: { ...described(before), version: before.version },
        after: { name, description, category, icon, active, version },
        ...(picture !== undefined && { picture: picture === null ? 'removed' : 'changed' }),
        ...(variables && { variables: variables.map((variable) => variable.name) }),
      });
    });
    return this.view(actor, id);
  }

  async delete(actor: UserActor, id: string): Promise<void> {
    refuseShipped(await this.#access.requireEditable(actor, id), ['all of it']);
    await this.#db.transact(async (tx) => {
      const blueprint = await requireLocked(tx, id);
      await announceUsers(tx, id);
      await tx.stores.blueprints.delete(id);
      await record(tx, actor, 'blueprint.deleted', blueprint);
    });
  }

  /** Another snapshot is a new version; what is asked for can be described better without one. */
  async #newContent(
    tx: Transaction,
    actor: UserActor,
    before: BlueprintRow,
    snapshotId: string | undefined,
    variables: BlueprintVariable[] | undefined,
  ): Promise<number> {
    if (snapshotId !== undefined) {
      const content = await this.#contentOf(tx, actor, snapshotId, variables ?? declaredBy(before));
      const version = before.version + 1;
      await tx.stores.blueprints.addVersion(before.id, version, content, new Date().toISOString());
      return version;
    }
    if (variables !== undefined) {
      await tx.stores.blueprints.setVariables(before.id, before.version, JSON.stringify(variables));
    }
    return before.version;
  }

  /** Flows and modules of a snapshot. Credentials and values of variables stay behind. */
  async #contentOf(
    tx: Transaction,
    actor: UserActor,
    snapshotId: string,
    variables: BlueprintVariable[],
  ): Promise<BlueprintContent> {
    const snapshot = await tx.stores.snapshots.find(snapshotId);
    if (snapshot === null) {
      throw invalid('snapshotId', 'is not a snapshot');
    }
    const manifest = manifestOf(snapshot);
    const flows: Flows = JSON.parse((await tx.stores.blobs.get(manifest.flows)).toString());
    return {
      flowsDigest: await tx.stores.blobs.put(Buffer.from(JSON.stringify(withoutCredentials(flows)))),
      modules: JSON.stringify(manifest.modules),
      variables: JSON.stringify(variables),
      ...summariseFlows(flows),
      nodeRed: manifest.nodeRed,
      author: auditActor(actor).name,
    };
  }
}

/** Flows that were sent over the API may have credentials in their nodes, where Node-RED itself never puts them. */
export function withoutCredentials(flows: Flows): Flows {
  return flows.map((node) => {
    const { credentials: _left, ...rest } = node;
    return rest as typeof node;
  });
}

function refuseShipped(blueprint: BlueprintRow, what: string[]): void {
  if (blueprint.shippedKey !== null && what.length > 0) {
    throw conflict(
      'shipped',
      `${blueprint.name} comes with Flowyard and is renewed with it. You can switch it off, or make your own from a snapshot of an instance that was made from it.`,
    );
  }
}

async function requireLocked(tx: Transaction, id: string): Promise<BlueprintRow> {
  await tx.stores.blueprints.lock(id);
  const blueprint = await tx.stores.blueprints.find(id);
  if (blueprint === null) {
    throw notFound('blueprint');
  }
  return blueprint;
}

/** Pages of instances say what they were made from, and when there is something newer. */
async function announceUsers(tx: Transaction, id: string): Promise<void> {
  for (const user of await tx.stores.blueprints.madeFrom(id)) {
    tx.announce({ kind: 'instance', ...user });
  }
}

function described({ name, description, category, icon, active }: BlueprintRow) {
  return { name, description, category, icon, active };
}

/** Who reads the log of the team may not see the application of the snapshot: its id is not written down. */
function record(
  tx: Transaction,
  actor: UserActor,
  event: AuditEventName,
  { id, teamId, name }: Pick<BlueprintRow, 'id' | 'teamId' | 'name'>,
  details?: Record<string, unknown>,
): Promise<void> {
  return tx.audit({
    event,
    actor: auditActor(actor),
    teamId,
    applicationId: null,
    subject: { kind: 'blueprint', id, name },
    ...(details && { details }),
  });
}
