import type { ListQuery, Page } from '@flowyard/protocol';
import { auditActor, type UserActor } from '../../access/actor.ts';
import { type Database, isDuplicate, type Transaction } from '../../db/database.ts';
import type { Stores } from '../../db/stores.ts';
import { type AppError, conflict, invalid, notFound } from '../../errors.ts';
import { newId } from '../../ids.ts';
import { chooseStack, chooseType } from '../instances/choose-parts.ts';
import type { InstanceRow } from '../instances/instance-row.ts';
import { typeLimitProblem } from '../team-types/limits.ts';
import { targetWords } from './presenter.ts';
import type { InstanceChangeRow, NewInstanceChange } from './store.ts';

export interface WantedChange {
  stackId?: string | undefined;
  instanceTypeId?: string | undefined;
}

interface Parts {
  db: Database;
  /** Looks at a change now. */
  advance: (changeId: string) => void;
}

/** Moving instances to other stacks and types: asking for it. Carrying it out is the runner's work. */
export class InstanceChangeService {
  readonly #parts: Parts;
  readonly #db: Database;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#db = parts.db;
  }

  list(instanceId: string, query: ListQuery): Promise<Page<InstanceChangeRow>> {
    return this.#db.stores.instanceChanges.list(instanceId, query);
  }

  /** @throws AppError 409 while another change of the instance is under way */
  async plan(actor: UserActor, instanceId: string, wanted: WantedChange): Promise<InstanceChangeRow> {
    const [change] = await this.planAll(actor, [instanceId], wanted, null);
    if (change === undefined) {
      throw notFound('instance');
    }
    return change;
  }

  /** All of them or none; those of a batch are carried out one after the other. */
  async planAll(
    actor: UserActor,
    instanceIds: string[],
    wanted: WantedChange,
    batchId: string | null,
  ): Promise<InstanceChangeRow[]> {
    try {
      return await this.#db.transact(async (tx) => {
        const ids: string[] = [];
        for (const instanceId of instanceIds) {
          ids.push(await this.#planOne(tx, actor, instanceId, wanted, batchId));
        }
        tx.afterCommit(() => {
          for (const id of ids) {
            this.#parts.advance(id);
          }
        });
        return tx.stores.instanceChanges.findMany(ids);
      });
    } catch (error) {
      if (isDuplicate(error)) {
        throw conflict('change_under_way', 'Another change began at this moment. Wait until it is through.');
      }
      throw error;
    }
  }

  async #planOne(
    tx: Transaction,
    actor: UserActor,
    instanceId: string,
    wanted: WantedChange,
    batchId: string | null,
  ): Promise<string> {
    const instance = await tx.stores.instances.find(instanceId);
    if (instance === null) {
      throw notFound('instance');
    }
    await refuseDuringChange(tx, instance);
    const change = await this.#newChange(tx, actor, instance, wanted, batchId);
    await tx.stores.instanceChanges.insert(change);
    await tx.audit({
      event: 'instance.change-asked',
      actor: auditActor(actor),
      teamId: instance.teamId,
      applicationId: instance.applicationId,
      subject: { kind: 'instance', id: instance.id, name: instance.name },
      details: {
        before: { stack: change.fromStack, instanceType: change.fromType },
        after: { stack: change.toStack, instanceType: change.toType },
      },
    });
    announceInstance(tx, instance);
    return change.id;
  }

  async #newChange(
    tx: Transaction,
    actor: UserActor,
    instance: InstanceRow,
    wanted: WantedChange,
    batchId: string | null,
  ): Promise<NewInstanceChange> {
    const { stackId = instance.stackId, instanceTypeId = instance.instanceTypeId } = wanted;
    const isOtherStack = stackId !== instance.stackId;
    const isOtherType = instanceTypeId !== instance.instanceTypeId;
    if (!isOtherStack && !isOtherType) {
      throw invalid(
        wanted.instanceTypeId === undefined ? 'stackId' : 'instanceTypeId',
        `is what ${instance.name} has already`,
      );
    }
    // What is not offered any more may be kept, but not moved to.
    const type = isOtherType
      ? await chooseType(tx.stores, instanceTypeId)
      : await tx.stores.instanceTypes.find(instanceTypeId);
    const stack =
      isOtherStack && type !== null
        ? await chooseStack(tx.stores, stackId, type)
        : await tx.stores.catalogue.findStack(stackId);
    if (type === null || stack === null) {
      throw notFound('instance');
    }
    if (!isOtherStack && type.stackIds.length > 0 && !type.stackIds.includes(stack.id)) {
      throw invalid('instanceTypeId', `is not offered with the stack ${stack.name}`);
    }
    const problem = isOtherType ? await typeLimitProblem(tx, instance.teamId, type, 1) : null;
    if (problem !== null) {
      throw problem;
    }
    return {
      id: newId(),
      instanceId: instance.id,
      kind: 'change',
      state: 'planned',
      batchId,
      fromStackId: instance.stackId,
      fromStack: instance.stackName,
      fromTypeId: instance.instanceTypeId,
      fromType: instance.instanceTypeName,
      toStackId: stack.id,
      toStack: stack.name,
      toTypeId: type.id,
      toType: type.name,
      stateBefore: null,
      restarts: null,
      switchedAt: null,
      authorId: actor.userId,
      author: actor.username,
      createdAt: new Date().toISOString(),
    };
  }
}

/** @throws AppError 409 naming who moves the instance where */
export async function refuseDuringChange(
  tx: Transaction,
  instance: Pick<InstanceRow, 'id' | 'name'>,
): Promise<void> {
  const refusal = await changeUnderWay(tx.stores, instance);
  if (refusal !== null) {
    throw refusal;
  }
}

/** Why nothing else may be changed of an instance now; null when it may. */
export async function changeUnderWay(
  stores: Stores,
  instance: Pick<InstanceRow, 'id' | 'name'>,
): Promise<AppError | null> {
  const running = await stores.instanceChanges.unfinishedOf(instance.id);
  return running === null
    ? null
    : conflict(
        'change_under_way',
        `${running.author} is moving ${instance.name} to ${targetWords(running)}. Wait until that is through.`,
        { changeId: running.id, author: running.author, state: running.state },
      );
}

export function announceInstance(
  tx: Transaction,
  { id, teamId, applicationId }: Pick<InstanceRow, 'id' | 'teamId' | 'applicationId'>,
): void {
  tx.announce({ kind: 'instance', id, teamId, applicationId });
}
