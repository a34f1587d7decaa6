import { randomBytes } from 'node:crypto';
import type { InstanceView } from '@flowyard/protocol';
import type { Logger } from 'pino';
import { SYSTEM, type UserActor } from '../../access/actor.ts';
import type { Database } from '../../db/database.ts';
import { invalid } from '../../errors.ts';
import { newId } from '../../ids.ts';
import type { InstanceService } from '../instances/service.ts';

const KEPT_MS = 24 * 60 * 60_000;
const CLEAN_UP_MS = 10 * 60_000;
const LONGEST_STEM = 48;

interface Parts {
  db: Database;
  instances: InstanceService;
  advance: (changeId: string) => void;
  logger: Logger;
}

/** Copies of instances on which a stack is tried. They are deleted after a day when nobody does it before. */
export class TrialService {
  readonly #parts: Parts;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async start(): Promise<void> {
    this.#timer = setInterval(() => void this.deleteOld(), CLEAN_UP_MS);
    await this.deleteOld();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Makes a copy with everything of the original on another stack, and has it watched. */
  async make(actor: UserActor, instanceId: string, stackId: string): Promise<InstanceView> {
    const original = await this.#parts.instances.get(instanceId);
    if (original.stackId === stackId) {
      throw invalid('stackId', `is what ${original.name} runs already`);
    }
    const changeId = newId();
    const stem = original.name.slice(0, LONGEST_STEM).replace(/-+$/, '');
    const trial = await this.#parts.instances.create(
      actor,
      { teamId: original.teamId, applicationId: original.applicationId },
      {
        name: `${stem}-trial-${randomBytes(3).toString('hex')}`,
        description: `A copy of ${original.name} on which another stack is tried.`,
        stackId,
        copyOf: { instanceId, flows: true, credentials: true, variables: 'values', settings: true },
      },
      async (tx, made) => {
        const until = new Date(Date.now() + KEPT_MS).toISOString();
        await tx.stores.instances.setTrial(made.id, { of: original.id, until });
        const stack = await tx.stores.catalogue.findStack(made.stackId);
        const now = new Date().toISOString();
        await tx.stores.instanceChanges.insert({
          id: changeId,
          instanceId: made.id,
          kind: 'trial',
          state: 'starting',
          batchId: null,
          fromStackId: original.stackId,
          fromStack: original.stackName,
          fromTypeId: original.instanceTypeId,
          fromType: original.instanceTypeName,
          toStackId: made.stackId,
          toStack: stack?.name ?? '',
          toTypeId: original.instanceTypeId,
          toType: original.instanceTypeName,
          stateBefore: 'created',
          restarts: 0,
          switchedAt: now,
          authorId: actor.userId,
          author: actor.username,
          createdAt: now,
        });
        tx.afterCommit(() => this.#parts.advance(changeId));
      },
    );
    return trial;
  }

  /** Deletes those whose day is over. */
  async deleteOld(now: string = new Date().toISOString()): Promise<void> {
    try {
      for (const id of await this.#parts.db.stores.instances.trialsUntil(now)) {
        await this.#parts.instances.delete(SYSTEM, id);
      }
    } catch (error) {
      this.#parts.logger.error({ err: error }, 'old trials could not be deleted');
    }
  }
}
