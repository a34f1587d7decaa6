import type { UserActor } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import type { StackInstaller } from '../../drivers/local/stacks.ts';
import { conflict, invalid, notFound } from '../../errors.ts';
import { newId } from '../../ids.ts';
import { recordStack, refuseInUse, type StackService } from './service.ts';
import type { StackRow } from './store.ts';

interface Parts {
  db: Database;
  stacks: StackService;
  installer: StackInstaller;
}

export interface NewStack {
  name: string;
  nodeRed: string;
  nodeJs?: string | null | undefined;
  install?: boolean | undefined;
}

export interface StackUpdate {
  name?: string | undefined;
  default?: true | undefined;
  active?: boolean | undefined;
  replacedById?: string | null | undefined;
}

/** The list of stacks, as administrators keep it. */
export class StackAdministration {
  readonly #parts: Parts;
  readonly #db: Database;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#db = parts.db;
  }

  async create(actor: UserActor, input: NewStack): Promise<StackRow> {
    const versions = { nodeRed: input.nodeRed, nodeJs: input.nodeJs ?? null };
    await this.#refuseKnown(this.#db.stores.catalogue.findStackByVersion(versions.nodeRed, versions.nodeJs));
    const missing = await this.#parts.installer.findMissing(versions);
    if (missing !== null) {
      throw invalid(missing.field, `is not a version that npm has: there is no ${missing.package}`);
    }
    const id = newId();
    await this.#db.transact(async (tx) => {
      await tx.stores.catalogue.lockStacks();
      await this.#refuseKnown(tx.stores.catalogue.findStackByVersion(versions.nodeRed, versions.nodeJs));
      await tx.stores.catalogue.insertStack({
        id,
        name: input.name,
        ...versions,
        state: 'absent',
        detail: null,
        progress: null,
        default: false,
        active: true,
        bundled: false,
        replacedById: null,
      });
      await recordStack(tx, actor, 'stack.created', { id, name: input.name }, { after: versions });
    });
    return input.install ? this.#parts.stacks.install(actor, id) : this.#parts.stacks.get(id);
  }

  async update(actor: UserActor, id: string, changes: StackUpdate): Promise<StackRow> {
    await this.#db.transact(async (tx) => {
      if (changes.default) {
        await tx.stores.catalogue.lockStacks();
      }
      const before = await this.#require(tx, id);
      this.#checkOffer(before, changes);
      if (changes.replacedById) {
        await this.#checkSuccessor(tx, before, changes.replacedById);
      }
      const { default: makeDefault, ...fields } = changes;
      const given = Object.entries(fields).filter(([, value]) => value !== undefined);
      await tx.stores.catalogue.changeStack(id, Object.fromEntries(given));
      if (makeDefault) {
        await tx.stores.catalogue.makeStackDefault(id);
      }
      await recordStack(tx, actor, 'stack.changed', before, {
        before: factsOf(before),
        after: factsOf(await this.#require(tx, id)),
      });
    });
    return this.#parts.stacks.get(id);
  }

  async delete(actor: UserActor, id: string): Promise<void> {
    const stack = await this.#parts.stacks.get(id);
    refuseInUse(stack);
    await this.#parts.stacks.remove(actor, id);
    await this.#db.transact(async (tx) => {
      const now = await this.#require(tx, id);
      refuseInUse(now);
      await tx.stores.catalogue.deleteStack(id);
      await recordStack(tx, actor, 'stack.deleted', stack);
    });
  }

  /** What people get when they choose nothing must be there and offered. */
  #checkOffer(stack: StackRow, changes: StackUpdate): void {
    const willBeDefault = stack.default || changes.default === true;
    const willBeActive = changes.active ?? stack.active;
    if (willBeDefault && !willBeActive) {
      throw conflict(
        'is_default',
        `${stack.name} is the default, so it is offered. Make another stack the default first.`,
      );
    }
    if (changes.default && stack.state !== 'ready') {
      throw conflict('stack_not_ready', `${stack.name} is not installed. Install it first.`);
    }
  }

  /** Whoever follows the links must come to an end. */
  async #checkSuccessor(tx: Transaction, stack: StackRow, successorId: string): Promise<void> {
    const seen = new Set([stack.id]);
    let next: string | null = successorId;
    while (next !== null) {
      if (seen.has(next)) {
        throw invalid('replacedById', `leads back to ${stack.name}`);
      }
      seen.add(next);
      const found: StackRow | null = await tx.stores.catalogue.findStack(next);
      if (found === null) {
        throw invalid('replacedById', 'is not a stack; GET /stacks lists them');
      }
      next = found.replacedById;
    }
  }

  async #refuseKnown(known: Promise<StackRow | null>): Promise<void> {
    const stack = await known;
    if (stack !== null) {
      throw conflict('exists', `${stack.name} has these versions already.`, { id: stack.id });
    }
  }

  async #require(tx: Transaction, id: string): Promise<StackRow> {
    const stack = await tx.stores.catalogue.findStack(id);
    if (stack === null) {
      throw notFound('stack');
    }
    return stack;
  }
}

function factsOf({ name, default: isDefault, active, replacedByName }: StackRow) {
  return { name, default: isDefault, active, replacedBy: replacedByName };
}
