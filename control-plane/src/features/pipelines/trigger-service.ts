import type { TriggerKind, TriggerView } from '@flowyard/protocol';
import type { UserActor } from '../../access/actor.ts';
import type { Database } from '../../db/database.ts';
import { conflict, invalid, notFound } from '../../errors.ts';
import { newId } from '../../ids.ts';
import { hashToken, newToken } from '../../secrets/tokens.ts';
import { recordPipeline, requirePipeline } from './service.ts';
import type { StageRights } from './stage-rights.ts';
import type { StageRow } from './store.ts';
import { nextOf, type TriggerPuller } from './trigger-puller.ts';
import type { TriggerRow } from './trigger-store.ts';

const MOST_TRIGGERS = 10;

export type NewTrigger =
  | { kind: 'webhook' | 'snapshot' }
  | { kind: 'schedule'; cron: string; timeZone: string };

interface Parts {
  db: Database;
  rights: StageRights;
  puller: TriggerPuller;
}

/** What pushes from a stage by itself: making, listing and removing it, and requests to webhooks. */
export class TriggerService {
  readonly #parts: Parts;
  readonly #db: Database;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#db = parts.db;
  }

  async list(stageId: string): Promise<{ items: TriggerView[] }> {
    return { items: (await this.#db.stores.stageTriggers.of(stageId)).map(presentTrigger) };
  }

  /** Whoever makes one must be allowed to push there: pushes are made in their name. */
  async create(
    actor: UserActor,
    stageId: string,
    input: NewTrigger,
  ): Promise<{ trigger: TriggerView; webhookPath: string | null }> {
    const { from } = await this.#parts.rights.requirePush(actor, stageId);
    refuseUnfit(from, input.kind);
    const token = input.kind === 'webhook' ? newToken('trigger') : null;
    const trigger = await this.#db.transact(async (tx) => {
      const pipeline = await requirePipeline(tx, from.pipelineId);
      await tx.stores.teams.lock(pipeline.teamId);
      if ((await tx.stores.stageTriggers.of(stageId)).length >= MOST_TRIGGERS) {
        throw conflict('too_many', `A stage has at most ${MOST_TRIGGERS} triggers. Remove one first.`);
      }
      const newest = input.kind === 'snapshot' ? await tx.stores.snapshots.newestTaken(from.target) : null;
      const row: TriggerRow = {
        id: newId(),
        stageId,
        kind: input.kind,
        tokenHash: token && hashToken(token),
        cron: input.kind === 'schedule' ? input.cron : null,
        timeZone: input.kind === 'schedule' ? input.timeZone : null,
        author: actor.username,
        authorId: actor.userId,
        createdAt: new Date().toISOString(),
        nextAt: input.kind === 'schedule' ? nextOf(input.cron, input.timeZone) : null,
        lastSnapshotId: newest?.id ?? null,
        lastAt: null,
        lastProblem: null,
      };
      await tx.stores.stageTriggers.insert(row);
      const { cron, timeZone } = row;
      const details = { stage: from.name, kind: input.kind, ...(cron && { cron, timeZone }) };
      await recordPipeline(tx, actor, 'pipeline.trigger-added', pipeline, details);
      return row;
    });
    return { trigger: presentTrigger(trigger), webhookPath: token && `/api/v1/triggers/${token}` };
  }

  async delete(actor: UserActor, stageId: string, id: string): Promise<void> {
    await this.#db.transact(async (tx) => {
      const stage = await tx.stores.pipelines.findStage(stageId);
      const trigger = (await tx.stores.stageTriggers.of(stageId)).find((row) => row.id === id);
      if (stage === null || trigger === undefined) {
        throw notFound('trigger');
      }
      await tx.stores.stageTriggers.delete(id);
      const pipeline = await requirePipeline(tx, stage.pipelineId);
      const details = { stage: stage.name, kind: trigger.kind, author: trigger.author };
      await recordPipeline(tx, actor, 'pipeline.trigger-removed', pipeline, details);
    });
  }

  /** A request to a webhook. @throws AppError 404 for a token that there is not, else what a push is refused with */
  async pull(
    token: string,
    snapshotId: string | undefined,
  ): Promise<{ deploymentId: string; state: string }> {
    const trigger = await this.#db.stores.stageTriggers.findByToken(hashToken(token));
    if (trigger === null) {
      throw notFound('trigger');
    }
    const deployment = await this.#parts.puller.push(trigger, snapshotId);
    return { deploymentId: deployment.id, state: deployment.state };
  }
}

function refuseUnfit({ action, target, name }: StageRow, kind: TriggerKind): void {
  if (kind === 'snapshot' && target.kind === 'device-group') {
    throw invalid('kind', `cannot be snapshot: no snapshots are taken of a group such as ${name}`);
  }
  if (kind === 'schedule' && action === 'prompt') {
    throw invalid('kind', `cannot be schedule: ${name} asks at each push which snapshot it is`);
  }
}

function presentTrigger(row: TriggerRow): TriggerView {
  const { id, kind, cron, timeZone, author, nextAt, lastAt, lastProblem, createdAt } = row;
  return { id, kind, cron, timeZone, author, nextAt, lastAt, lastProblem, createdAt };
}
