import type { VariableInput, VariableView } from '@flowyard/protocol';
import { type Actor, auditActor } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { notFound } from '../../errors.ts';
import type { Vault } from '../../secrets/vault.ts';
import type { VariableOwner } from './store.ts';
import { changedNames, showVariable, toVariables } from './variable-input.ts';

interface Named {
  id: string;
  name: string;
  teamId: string | null;
  applicationId: string | null;
}

/** Variables that many instances have: those of the platform, of a team, of an application. */
export class VariableService {
  readonly #db: Database;
  readonly #vault: Vault;

  constructor(parts: { db: Database; vault: Vault }) {
    this.#db = parts.db;
    this.#vault = parts.vault;
  }

  async list(owner: VariableOwner): Promise<VariableView[]> {
    return (await this.#db.stores.variables.list(owner)).map(showVariable);
  }

  async set(actor: Actor, owner: VariableOwner, items: VariableInput[]): Promise<VariableView[]> {
    await this.#db.transact(async (tx) => {
      const { id, name, teamId, applicationId } = await this.#owner(tx, owner);
      const before = await tx.stores.variables.list(owner);
      const after = toVariables(items, before, this.#vault);
      await tx.stores.variables.replace(owner, after);
      await tx.audit({
        event: `${owner.kind}.variables-changed`,
        actor: auditActor(actor),
        teamId,
        applicationId,
        subject: { kind: owner.kind, id, name },
        details: { names: changedNames(before, after) },
      });
    });
    return this.list(owner);
  }

  async #owner(tx: Transaction, owner: VariableOwner): Promise<Named> {
    if (owner.kind === 'platform') {
      return { id: 'platform', name: 'Platform', teamId: null, applicationId: null };
    }
    const named = await tx.stores.variables.ownerName(owner);
    if (named === null) {
      throw notFound(owner.kind);
    }
    return {
      id: owner.id,
      name: named.name,
      teamId: named.teamId,
      applicationId: owner.kind === 'application' ? owner.id : null,
    };
  }
}
