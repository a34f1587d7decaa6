import type { AuditEventName, ListQuery, Page, PipelineView } from '@flowyard/protocol';
import { type Actor, auditActor } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { conflict, notFound } from '../../errors.ts';
import { newId } from '../../ids.ts';
import { readDeploymentViews } from './deployment-views.ts';
import { presentPipeline } from './presenter.ts';
import { readStages } from './stage-status.ts';
import type { PipelineRow, StageRow } from './store.ts';

/** Pipelines. Their stages have a service of their own; pushing along them is the work of deployments. */
export class PipelineService {
  readonly #db: Database;

  constructor(parts: { db: Database }) {
    this.#db = parts.db;
  }

  async view(id: string): Promise<PipelineView> {
    const pipeline = await this.#db.stores.pipelines.find(id);
    if (pipeline === null) {
      throw notFound('pipeline');
    }
    const [view] = await this.#views([pipeline]);
    return view as PipelineView;
  }

  async list(
    filter: { applicationId: string } | { teamId: string; hidden: string[] },
    query: ListQuery,
  ): Promise<Page<PipelineView>> {
    const page = await this.#db.stores.pipelines.list(filter, query);
    return { ...page, items: await this.#views(page.items) };
  }

  async #views(pipelines: PipelineRow[]): Promise<PipelineView[]> {
    const { stores } = this.#db;
    const ids = pipelines.map((row) => row.id);
    const stages = await stores.pipelines.stagesOf(ids);
    const stageViews = await readStages(stores, stages);
    const deployments = await stores.deployments.newestOf(ids);
    const views = await readDeploymentViews(stores, deployments);
    return pipelines.map((row) => {
      const own = stageViews.filter((_view, index) => stages[index]?.pipelineId === row.id);
      return presentPipeline(row, own, views.find(({ pipelineId }) => pipelineId === row.id) ?? null);
    });
  }

  async create(
    actor: Actor,
    place: { teamId: string; applicationId: string },
    name: string,
  ): Promise<PipelineView> {
    const id = newId();
    await this.#db.transact(async (tx) => {
      const pipeline = { id, name, ...place, createdAt: new Date().toISOString() };
      await tx.stores.pipelines.insert(pipeline);
      await recordPipeline(tx, actor, 'pipeline.created', pipeline);
    });
    return this.view(id);
  }

  async rename(actor: Actor, id: string, name: string): Promise<PipelineView> {
    await this.#db.transact(async (tx) => {
      const before = await requirePipeline(tx, id);
      await tx.stores.pipelines.rename(id, name);
      await recordPipeline(tx, actor, 'pipeline.changed', before, { before: before.name, after: name });
    });
    return this.view(id);
  }

  async delete(actor: Actor, id: string): Promise<void> {
    await this.#db.transact(async (tx) => {
      const pipeline = await requirePipeline(tx, id);
      for (const stage of await tx.stores.pipelines.stagesOf([id])) {
        await refuseWhileDeploying(tx, stage);
      }
      await tx.stores.pipelines.delete(id);
      await recordPipeline(tx, actor, 'pipeline.deleted', pipeline);
    });
  }
}

/** @throws AppError 404 when it is not there */
export async function requirePipeline(tx: Transaction, id: string): Promise<PipelineRow> {
  const pipeline = await tx.stores.pipelines.find(id);
  if (pipeline === null) {
    throw notFound('pipeline');
  }
  return pipeline;
}

/** A stage is not taken away from under a push. */
export async function refuseWhileDeploying(tx: Transaction, stage: StageRow): Promise<void> {
  if ((await tx.stores.deployments.unfinishedInto(stage.target)) !== null) {
    throw conflict(
      'deployment_running',
      `A deployment into ${stage.name} is under way. Wait for it or abort it first.`,
    );
  }
}

/** A change of a pipeline, for the audit log and for those who look at it. */
export async function recordPipeline(
  tx: Transaction,
  actor: Actor,
  event: AuditEventName,
  pipeline: { id: string; name: string; teamId: string; applicationId: string },
  details?: Record<string, unknown>,
): Promise<void> {
  const { id, name, teamId, applicationId } = pipeline;
  await tx.audit({
    event,
    actor: auditActor(actor),
    teamId,
    applicationId,
    subject: { kind: 'pipeline', id, name },
    ...(details && { details }),
  });
  tx.announce({ kind: 'pipeline', id, teamId, applicationId });
}
