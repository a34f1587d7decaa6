import type { LimitsView, ListQuery, Page } from '@flowyard/protocol';
import { auditActor, type UserActor } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { conflict, countAll, invalid, notFound } from '../../errors.ts';
import { newId } from '../../ids.ts';
import type { InstanceTypeFields, InstanceTypeRow } from './store.ts';

type Given<T> = { [K in keyof T]?: T[K] | undefined };

export type NewInstanceType = Pick<InstanceTypeFields, 'name' | 'memoryMb'> & Given<InstanceTypeFields>;

interface Parts {
  db: Database;
  /** Why the operating system does not hold processes to their type; null when it does. */
  limitsProblem: () => string | null;
}

const NOTHING_GIVEN = {
  description: '',
  cpuLimit: null,
  price: null,
  position: 0,
  active: true,
  stackIds: [],
};

/** Leaves out what was not given, so that it does not cover what is there. */
function given<T extends object>(input: T): Partial<T> {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined)) as Partial<T>;
}

/** Sizes of instances: memory, processor, price, and with which stacks they are offered. */
export class InstanceTypeService {
  readonly #parts: Parts;
  readonly #db: Database;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#db = parts.db;
  }

  async list(query: ListQuery): Promise<Page<InstanceTypeRow> & { limits: LimitsView }> {
    const problem = this.#parts.limitsProblem();
    const page = await this.#db.stores.instanceTypes.list(query);
    return { ...page, limits: { applied: problem === null, problem } };
  }

  async create(actor: UserActor, input: NewInstanceType): Promise<InstanceTypeRow> {
    const fields = { ...NOTHING_GIVEN, ...given(input) } as InstanceTypeFields;
    return this.#db.transact(async (tx) => {
      const id = newId();
      await this.#checkStacks(tx, fields.stackIds);
      await tx.stores.instanceTypes.insert({ id, default: false, ...fields });
      const after = await this.#require(tx, id);
      await this.#record(tx, actor, 'instance-type.created', after, { after: fields });
      return after;
    });
  }

  async update(
    actor: UserActor,
    id: string,
    { default: makeDefault, ...changes }: Given<InstanceTypeFields> & { default?: true | undefined },
  ): Promise<InstanceTypeRow> {
    return this.#db.transact(async (tx) => {
      if (makeDefault) {
        await tx.stores.instanceTypes.lockDefault();
      }
      const before = await this.#require(tx, id);
      const { id: _id, default: isDefault, instances: _instances, moving: _moving, ...fields } = before;
      const wanted = { ...fields, ...given(changes) } as InstanceTypeFields;
      if (!wanted.active && (isDefault || makeDefault)) {
        throw conflict(
          'is_default',
          `${before.name} is the default, so it is offered. Make another instance type the default first.`,
        );
      }
      await this.#checkStacks(tx, wanted.stackIds);
      await tx.stores.instanceTypes.update(id, wanted);
      if (makeDefault) {
        await tx.stores.instanceTypes.makeDefault(id);
      }
      const after = await this.#require(tx, id);
      await this.#record(tx, actor, 'instance-type.changed', before, {
        before: { ...fields, default: isDefault },
        after: { ...wanted, default: after.default },
      });
      return after;
    });
  }

  async delete(actor: UserActor, id: string): Promise<void> {
    await this.#db.transact(async (tx) => {
      const type = await this.#require(tx, id);
      if (type.default) {
        throw conflict(
          'is_default',
          `${type.name} is the default. Make another instance type the default first.`,
        );
      }
      if (type.instances + type.moving > 0) {
        throw conflict(
          'in_use',
          `${type.name} is used by ${countAll({ instance: Math.max(type.instances, type.moving) })}. Give them another type first, or only stop offering it.`,
          { instances: type.instances },
        );
      }
      await tx.stores.instanceTypes.delete(id);
      await this.#record(tx, actor, 'instance-type.deleted', type);
    });
  }

  async #checkStacks(tx: Transaction, stackIds: string[]): Promise<void> {
    if (new Set(stackIds).size !== stackIds.length) {
      throw invalid('stackIds', 'names a stack twice');
    }
    for (const id of stackIds) {
      if ((await tx.stores.catalogue.findStack(id)) === null) {
        throw invalid('stackIds', `names ${id}, which is not a stack; GET /stacks lists them`);
      }
    }
  }

  async #require(tx: Transaction, id: string): Promise<InstanceTypeRow> {
    const type = await tx.stores.instanceTypes.find(id);
    if (type === null) {
      throw notFound('instance type');
    }
    return type;
  }

  #record(
    tx: Transaction,
    actor: UserActor,
    event: 'instance-type.created' | 'instance-type.changed' | 'instance-type.deleted',
    { id, name }: { id: string; name: string },
    details?: Record<string, unknown>,
  ): Promise<void> {
    return tx.audit({
      event,
      actor: auditActor(actor),
      teamId: null,
      applicationId: null,
      subject: { kind: 'instance-type', id, name },
      ...(details && { details }),
    });
  }
}
