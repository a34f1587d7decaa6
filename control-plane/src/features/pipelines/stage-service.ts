import {
  DEFAULT_ROLLOUT,
  type MissingVariables,
  NOT_OF_A_GROUP,
  type RolloutPolicy,
  roleMay,
  STAGE_ACTIONS,
  type StageAction,
  type StagePushers,
} from '@flowyard/protocol';
import type { Actor } from '../../access/actor.ts';
import type { Access } from '../../access/authorize.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { conflict, invalid, notFound } from '../../errors.ts';
import { newId } from '../../ids.ts';
import { recordPipeline, refuseWhileDeploying, requirePipeline } from './service.ts';
import { findCycle } from './stage-cycle.ts';
import type { PipelineRow, StageRow } from './store.ts';

export interface StageInput {
  name?: string | undefined;
  action?: StageAction | undefined;
  pushers?: StagePushers | undefined;
  people?: string[] | undefined;
  approval?: boolean | undefined;
  missingVariables?: MissingVariables | undefined;
  rollout?: RolloutPolicy | undefined;
  position?: number | undefined;
}

export interface NewStage extends StageInput {
  name: string;
  instanceId?: string | undefined;
  deviceId?: string | undefined;
  deviceGroupId?: string | undefined;
}

/** The stages of pipelines: adding, changing, ordering and removing them. */
export class StageService {
  readonly #db: Database;
  readonly #access: Access;

  constructor(parts: { db: Database; access: Access }) {
    this.#db = parts.db;
    this.#access = parts.access;
  }

  async add(actor: Actor, pipelineId: string, input: NewStage): Promise<void> {
    const { field, target } = targetOf(input);
    await this.#requireMayUse(actor, field, target);
    await this.#db.transact(async (tx) => {
      const pipeline = await requirePipeline(tx, pipelineId);
      await tx.stores.teams.lock(pipeline.teamId);
      const stages = await tx.stores.pipelines.stagesOf([pipelineId]);
      await refuseTarget(tx, pipeline, stages, { field, target });
      const stage: StageRow = {
        id: newId(),
        pipelineId,
        position: stages.length,
        name: input.name,
        action: input.action ?? (target.kind === 'instance' ? 'create' : 'active'),
        pushers: input.pushers ?? 'members',
        approval: input.approval ?? false,
        missingVariables: input.missingVariables ?? 'warn',
        rollout: input.rollout ?? DEFAULT_ROLLOUT,
        target,
      };
      await tx.stores.pipelines.insertStage(stage);
      await this.#setPeople(tx, stage, input);
      await this.#order(tx, pipeline, stages, stage, input.position);
      await recordPipeline(tx, actor, 'pipeline.stage-added', pipeline, { stage: input.name, target });
    });
  }

  /** Gives the pipeline that it belongs to. */
  async update(actor: Actor, id: string, input: StageInput): Promise<string> {
    return this.#db.transact(async (tx) => {
      const { stage, pipeline } = await this.#require(tx, id);
      if (input.action !== undefined && !STAGE_ACTIONS[stage.target.kind].includes(input.action)) {
        throw invalid('action', NOT_OF_A_GROUP);
      }
      await tx.stores.teams.lock(pipeline.teamId);
      const { position, people: _, ...fields } = input;
      await tx.stores.pipelines.updateStage(id, fields);
      await this.#setPeople(tx, { ...stage, pushers: input.pushers ?? stage.pushers }, input);
      if (position !== undefined) {
        const stages = await tx.stores.pipelines.stagesOf([pipeline.id]);
        const others = stages.filter((other) => other.id !== id);
        await this.#order(tx, pipeline, others, stage, position);
      }
      await recordPipeline(tx, actor, 'pipeline.stage-changed', pipeline, {
        stage: stage.name,
        before: Object.fromEntries(Object.keys(fields).map((key) => [key, stage[key as keyof StageRow]])),
        after: input,
      });
      return pipeline.id;
    });
  }

  async remove(actor: Actor, id: string): Promise<void> {
    await this.#db.transact(async (tx) => {
      const { stage, pipeline } = await this.#require(tx, id);
      await refuseWhileDeploying(tx, stage);
      await tx.stores.teams.lock(pipeline.teamId);
      await tx.stores.pipelines.deleteStage(id);
      await this.#write(tx, pipeline, await tx.stores.pipelines.stagesOf([pipeline.id]));
      await recordPipeline(tx, actor, 'pipeline.stage-removed', pipeline, { stage: stage.name });
    });
  }

  /** Whoever makes something a stage must be allowed to do that where it is. */
  async #requireMayUse(actor: Actor, field: string, target: StageRow['target']): Promise<void> {
    try {
      await this.#access.authorize(actor, 'pipeline:edit', target.kind, target.id);
    } catch {
      throw invalid(
        field,
        'is not in an application of this team in which you may edit pipelines, or is not there',
      );
    }
  }

  async #order(
    tx: Transaction,
    pipeline: PipelineRow,
    others: StageRow[],
    stage: StageRow,
    position = others.length,
  ): Promise<void> {
    await this.#write(tx, pipeline, [...others.slice(0, position), stage, ...others.slice(position)]);
  }

  /** Numbers the stages anew, unless pushes would go round in circles then. */
  async #write(tx: Transaction, pipeline: PipelineRow, stages: StageRow[]): Promise<void> {
    for (const [position, stage] of stages.entries()) {
      await tx.stores.pipelines.updateStage(stage.id, { position });
    }
    const own = stages.slice(1).map((stage, index) => ({
      pipeline: pipeline.name,
      from: stages[index]?.target.id ?? '',
      to: stage.target.id,
    }));
    const cycle = findCycle(await tx.stores.pipelines.linksIn(pipeline.teamId), own);
    if (cycle !== null) {
      throw conflict(
        'pipeline_cycle',
        `Pushes would come back to where they began, along ${cycle.join(' and ')}. Leave out one of the stages, or change their order.`,
        { pipelines: cycle },
      );
    }
  }

  async #setPeople(tx: Transaction, stage: StageRow, { people, pushers }: StageInput): Promise<void> {
    const named = new Set(stage.pushers === 'people' ? people : []);
    for (const id of named) {
      await refuseWhoMayNotPush(tx, stage, id);
    }
    if (people !== undefined || pushers !== undefined) {
      const keep = people === undefined && stage.pushers === 'people';
      const before = keep ? await tx.stores.pipelines.peopleOf([stage.id]) : [];
      const ids = [...named, ...before.map(({ id }) => id)];
      if (stage.pushers === 'people' && ids.length === 0) {
        throw invalid('people', 'must name at least one person');
      }
      await tx.stores.pipelines.setPeople(stage.id, ids);
    }
  }

  async #require(tx: Transaction, id: string): Promise<{ stage: StageRow; pipeline: PipelineRow }> {
    const stage = await tx.stores.pipelines.findStage(id);
    if (stage === null) {
      throw notFound('stage');
    }
    return { stage, pipeline: await requirePipeline(tx, stage.pipelineId) };
  }
}

async function refuseWhoMayNotPush(tx: Transaction, { target }: StageRow, userId: string): Promise<void> {
  const place = await tx.stores.scopes.find(target.kind, target.id, userId);
  if (!roleMay(place?.override ?? place?.teamRole, 'pipeline:deploy')) {
    throw invalid('people', 'names somebody who may not push there: they need the role member or owner');
  }
}

interface NamedTarget {
  field: string;
  target: StageRow['target'];
}

function targetOf(input: NewStage): NamedTarget {
  const choices = [
    ['instanceId', 'instance', input.instanceId],
    ['deviceId', 'device', input.deviceId],
    ['deviceGroupId', 'device-group', input.deviceGroupId],
  ] as const;
  for (const [field, kind, id] of choices) {
    if (id !== undefined) {
      return { field, target: { kind, id } };
    }
  }
  throw invalid('instanceId', 'or deviceId or deviceGroupId must be named');
}

async function refuseTarget(
  tx: Transaction,
  pipeline: PipelineRow,
  stages: StageRow[],
  { field, target }: NamedTarget,
): Promise<void> {
  const place = await tx.stores.scopes.find(target.kind, target.id, null);
  if (place?.teamId !== pipeline.teamId || place.applicationId === null) {
    throw invalid(field, 'is not in an application of the team of this pipeline');
  }
  if (stages.some((stage) => stage.target.id === target.id)) {
    throw conflict('stage_twice', 'It is a stage of this pipeline already.');
  }
}
