import type { DeploymentView } from '@flowyard/protocol';
import type { Logger } from 'pino';
import { SYSTEM, type UserActor } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { AppError, conflict, forbidden } from '../../errors.ts';
import { nextTime } from '../../next-time.ts';
import { OneAtATime } from '../../one-at-a-time.ts';
import type { DeploymentService } from './deployment-service.ts';
import type { PushGate } from './push-gate.ts';
import { recordPipeline, requirePipeline } from './service.ts';
import type { TriggerRow } from './trigger-store.ts';

const LOOK_MS = 2000;
/** Longer than a push takes to be asked for. */
const CLAIM_MS = 60_000;
const ALREADY_PUSHED = 'already_pushed';

interface Parts {
  db: Database;
  gate: PushGate;
  deployments: DeploymentService;
  logger: Logger;
}

/**
 * Pushes for triggers, as the person who made them and with what that person may at that moment. Schedules and
 * snapshots are found by looking; what was pushed is written down in the transaction of the push, so that nothing is
 * forgotten or pushed twice, whenever this process ends.
 */
export class TriggerPuller {
  readonly #parts: Parts;
  readonly #looks: OneAtATime;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#looks = new OneAtATime(
      () => this.#look(),
      (error) => parts.logger.error({ err: error }, 'triggers could not be looked at'),
    );
  }

  start(): void {
    this.#timer = setInterval(() => this.#looks.start('triggers'), LOOK_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looks.stop();
  }

  /** @throws AppError what a push is refused with */
  async push(trigger: TriggerRow, snapshotId: string | undefined): Promise<DeploymentView> {
    const now = new Date().toISOString();
    try {
      const actor = await this.#personOf(trigger);
      await this.#parts.gate.pass(actor, trigger.stageId, snapshotId);
      const request = snapshotId === undefined ? {} : { snapshotId };
      const outcome = { lastAt: now, lastProblem: null, ...pushed(snapshotId) };
      return await this.#parts.deployments.push(actor, trigger.stageId, request, async (tx) => {
        if (!(await settle(tx, trigger, outcome))) {
          throw conflict(ALREADY_PUSHED, 'Another control plane has pushed for this trigger.');
        }
      });
    } catch (error) {
      if (error instanceof AppError && error.code !== 'deployment_running' && error.code !== ALREADY_PUSHED) {
        await this.#fail(trigger, error, snapshotId);
      }
      throw error;
    }
  }

  async #look(): Promise<void> {
    const { stageTriggers } = this.#parts.db.stores;
    for (const trigger of await stageTriggers.watching(new Date().toISOString())) {
      await this.#pullWhenDue(trigger);
    }
  }

  async #pullWhenDue(trigger: TriggerRow): Promise<void> {
    const { stageTriggers } = this.#parts.db.stores;
    const snapshotId = trigger.kind === 'snapshot' ? await this.#newSnapshot(trigger) : undefined;
    const now = Date.now();
    const until = new Date(now + CLAIM_MS).toISOString();
    if (snapshotId === null || !(await stageTriggers.claim(trigger.id, new Date(now).toISOString(), until))) {
      return;
    }
    try {
      await this.push(trigger, snapshotId);
    } catch (error) {
      if (!(error instanceof AppError)) {
        throw error;
      }
      // While something else is on its way there, a snapshot waits; a schedule is tried at its next time.
      if (error.code === 'deployment_running' && trigger.kind === 'snapshot') {
        await stageTriggers.release(trigger.id);
      } else if (error.code === 'deployment_running') {
        await this.#fail(trigger, error, snapshotId);
      }
    }
  }

  /** One that was taken since the last that was pushed; null when there is none. */
  async #newSnapshot({ stageId, lastSnapshotId }: TriggerRow): Promise<string | null> {
    const { pipelines, snapshots } = this.#parts.db.stores;
    const stage = await pipelines.findStage(stageId);
    const newest = stage && (await snapshots.newestTaken(stage.target));
    return newest && (lastSnapshotId === null || newest.id > lastSnapshotId) ? newest.id : null;
  }

  async #personOf({ authorId, author }: TriggerRow): Promise<UserActor> {
    const user = await this.#parts.db.stores.users.find(authorId);
    if (user === null || user.suspended) {
      throw forbidden(`${author}, who made this trigger, is no longer there. Make it anew.`);
    }
    return {
      kind: 'user',
      userId: user.id,
      username: user.username,
      name: user.name,
      admin: user.admin,
      via: 'token',
      sessionId: null,
      onlyTeamId: null,
      onlyApplicationId: null,
      readOnly: false,
    };
  }

  async #fail(trigger: TriggerRow, error: AppError, snapshotId: string | undefined): Promise<void> {
    const outcome = {
      lastAt: new Date().toISOString(),
      lastProblem: error.message,
      ...pushed(snapshotId),
    };
    const actor = await this.#personOf(trigger).catch(() => SYSTEM);
    await this.#parts.db.transact(async (tx) => {
      const isFirst = await settle(tx, trigger, outcome);
      const stage = await tx.stores.pipelines.findStage(trigger.stageId);
      if (isFirst && stage !== null) {
        const pipeline = await requirePipeline(tx, stage.pipelineId);
        const details = { stage: stage.name, kind: trigger.kind, problem: error.message };
        await recordPipeline(tx, actor, 'pipeline.trigger-failed', pipeline, details);
      }
    });
  }
}

/** @returns false when another process did for the same time or snapshot */
function settle(
  tx: Transaction,
  trigger: TriggerRow,
  outcome: { lastAt: string; lastProblem: string | null; lastSnapshotId?: string },
): Promise<boolean> {
  const next = trigger.cron === null ? {} : { nextAt: nextOf(trigger.cron, trigger.timeZone) };
  return tx.stores.stageTriggers.settle(trigger, { ...outcome, ...next });
}

function pushed(snapshotId: string | undefined): { lastSnapshotId?: string } {
  return snapshotId === undefined ? {} : { lastSnapshotId: snapshotId };
}

/** When a schedule pushes next. */
export function nextOf(cron: string, timeZone: string | null): string | null {
  return nextTime(cron, timeZone, Date.now())?.toISOString() ?? null;
}
