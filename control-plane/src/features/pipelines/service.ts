import type { AuditEventName, ListQuery, Page, PipelineView, StageAction } from '@flowyard/protocol';
import { type Actor, auditActor } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { conflict, invalid, notFound } from '../../errors.ts';
import { newId } from '../../ids.ts';
import { presentDeployment, presentPipeline } from './presenter.ts';
import { readStages } from './stage-status.ts';
import type { PipelineRow, StageRow } from './store.ts';

export interface NewStage {
  name: string;
  action?: StageAction | undefined;
  protected?: boolean | undefined;
  position?: number | undefined;
  instanceId?: string | undefined;
  deviceId?: string | undefined;
  deviceGroupId?: string | undefined;
}

/** Pipelines and their stages. Pushing along them is the work of deployments. */
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
    const targets = await stores.deployments.targetsOf(deployments.map((row) => row.id));
    return pipelines.map((row) => {
      const own = stageViews.filter((_view, index) => stages[index]?.pipelineId === row.id);
      const last = deployments.find((deployment) => deployment.pipelineId === row.id);
      return presentPipeline(row, own, last ? presentDeployment(last, targets) : null);
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
      await this.#record(tx, actor, 'pipeline.created', pipeline);
    });
    return this.view(id);
  }

  async rename(actor: Actor, id: string, name: string): Promise<PipelineView> {
    await this.#db.transact(async (tx) => {
      const before = await this.#require(tx, id);
      await tx.stores.pipelines.rename(id, name);
      await this.#record(tx, actor, 'pipeline.changed', before, { before: before.name, after: name });
    });
    return this.view(id);
  }

  async delete(actor: Actor, id: string): Promise<void> {
    await this.#db.transact(async (tx) => {
      const pipeline = await this.#require(tx, id);
      for (const stage of await tx.stores.pipelines.stagesOf([id])) {
        await this.#refuseWhileDeploying(tx, stage);
      }
      await tx.stores.pipelines.delete(id);
      await this.#record(tx, actor, 'pipeline.deleted', pipeline);
    });
  }

  async addStage(actor: Actor, pipelineId: string, input: NewStage): Promise<PipelineView> {
    await this.#db.transact(async (tx) => {
      const pipeline = await this.#require(tx, pipelineId);
      const stages = await tx.stores.pipelines.stagesOf([pipelineId]);
      const target = await this.#target(tx, pipeline, stages, input);
      const position = Math.min(input.position ?? stages.length, stages.length);
      const stage: StageRow = {
        id: newId(),
        pipelineId,
        position,
        name: input.name,
        action: input.action ?? 'create',
        protected: input.protected ?? false,
        target,
      };
      await tx.stores.pipelines.insertStage(stage);
      await this.#renumber(tx, [...stages.slice(0, position), stage, ...stages.slice(position)]);
      await this.#record(tx, actor, 'pipeline.stage-added', pipeline, { stage: input.name, target });
    });
    return this.view(pipelineId);
  }

  async updateStage(
    actor: Actor,
    id: string,
    changes: {
      name?: string | undefined;
      action?: StageAction | undefined;
      protected?: boolean | undefined;
      position?: number | undefined;
    },
  ): Promise<PipelineView> {
    const pipelineId = await this.#db.transact(async (tx) => {
      const { stage, pipeline } = await this.#requireStage(tx, id);
      const { position, ...fields } = changes;
      await tx.stores.pipelines.updateStage(id, fields);
      if (position !== undefined) {
        const others = (await tx.stores.pipelines.stagesOf([pipeline.id])).filter((other) => other.id !== id);
        await this.#renumber(tx, [...others.slice(0, position), stage, ...others.slice(position)]);
      }
      await this.#record(tx, actor, 'pipeline.stage-changed', pipeline, {
        stage: stage.name,
        after: changes,
      });
      return pipeline.id;
    });
    return this.view(pipelineId);
  }

  async deleteStage(actor: Actor, id: string): Promise<void> {
    await this.#db.transact(async (tx) => {
      const { stage, pipeline } = await this.#requireStage(tx, id);
      await this.#refuseWhileDeploying(tx, stage);
      await tx.stores.pipelines.deleteStage(id);
      await this.#renumber(tx, await tx.stores.pipelines.stagesOf([pipeline.id]));
      await this.#record(tx, actor, 'pipeline.stage-removed', pipeline, { stage: stage.name });
    });
  }

  async #renumber(tx: Transaction, stages: StageRow[]): Promise<void> {
    for (const [position, stage] of stages.entries()) {
      await tx.stores.pipelines.updateStage(stage.id, { position });
    }
  }

  async #target(
    tx: Transaction,
    pipeline: PipelineRow,
    stages: StageRow[],
    input: NewStage,
  ): Promise<StageRow['target']> {
    const choices = [
      ['instanceId', 'instance', input.instanceId],
      ['deviceId', 'device', input.deviceId],
      ['deviceGroupId', 'device-group', input.deviceGroupId],
    ] as const;
    const choice = choices.find(([, , id]) => id !== undefined);
    if (choice?.[2] === undefined) {
      throw invalid('instanceId', 'or deviceId or deviceGroupId must be named');
    }
    const [field, kind, id] = choice;
    const place = await tx.stores.scopes.find(kind, id, null);
    if (place?.applicationId !== pipeline.applicationId) {
      throw invalid(field, 'is not in the application of this pipeline');
    }
    if (stages.some((stage) => stage.target.id === id)) {
      throw conflict('stage_twice', 'It is a stage of this pipeline already.');
    }
    return { kind, id };
  }

  async #refuseWhileDeploying(tx: Transaction, stage: StageRow): Promise<void> {
    if ((await tx.stores.deployments.unfinishedInto(stage.id)) !== null) {
      throw conflict(
        'deployment_running',
        `A deployment into ${stage.name} is under way. Wait for it or abort it first.`,
      );
    }
  }

  async #require(tx: Transaction, id: string): Promise<PipelineRow> {
    const pipeline = await tx.stores.pipelines.find(id);
    if (pipeline === null) {
      throw notFound('pipeline');
    }
    return pipeline;
  }

  async #requireStage(tx: Transaction, id: string): Promise<{ stage: StageRow; pipeline: PipelineRow }> {
    const stage = await tx.stores.pipelines.findStage(id);
    if (stage === null) {
      throw notFound('stage');
    }
    return { stage, pipeline: await this.#require(tx, stage.pipelineId) };
  }

  async #record(
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
}
