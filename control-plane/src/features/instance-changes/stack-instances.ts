import { instanceStatus, roleMay, type StackInstanceView } from '@flowyard/protocol';
import type { UserActor } from '../../access/actor.ts';
import type { Access } from '../../access/authorize.ts';
import type { Database } from '../../db/database.ts';
import { invalid, notFound } from '../../errors.ts';
import { newId } from '../../ids.ts';
import type { InstanceChangeService } from './service.ts';
import type { InstanceChangeRow } from './store.ts';

interface Parts {
  db: Database;
  access: Access;
  instanceChanges: InstanceChangeService;
}

/** The instances that run a stack, for whoever moves several of them. */
export class StackInstances {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async list(actor: UserActor, stackId: string): Promise<StackInstanceView[]> {
    const { stores } = this.#parts.db;
    if ((await stores.catalogue.findStack(stackId)) === null) {
      throw notFound('stack');
    }
    const rows = await stores.instances.ofStack(stackId);
    const seen: StackInstanceView[] = [];
    const roles = new Map<string, Awaited<ReturnType<Access['rolesIn']>>>();
    for (const row of rows) {
      const roleIn = roles.get(row.teamId) ?? (await this.#parts.access.rolesIn(actor, row.teamId));
      roles.set(row.teamId, roleIn);
      const role = roleIn(row.applicationId);
      if (roleMay(role, 'instance:read')) {
        seen.push({
          id: row.id,
          name: row.name,
          team: { id: row.teamId, name: row.teamName },
          application: { id: row.applicationId, name: row.applicationName },
          status: instanceStatus(row.state),
          mayChange: roleMay(role, 'instance:edit') && !actor.readOnly,
          change:
            row.changeId !== null && row.changeState !== null
              ? { id: row.changeId, state: row.changeState, stack: row.changeStack ?? '' }
              : null,
        });
      }
    }
    return seen;
  }

  /** One after the other, each with its own gate. All must be on the stack and open to the person. */
  async change(
    actor: UserActor,
    stackId: string,
    wanted: { stackId: string; instanceIds: string[] },
  ): Promise<InstanceChangeRow[]> {
    if ((await this.#parts.db.stores.catalogue.findStack(stackId)) === null) {
      throw notFound('stack');
    }
    const ids = [...new Set(wanted.instanceIds)];
    for (const id of ids) {
      await this.#parts.access.authorize(actor, 'instance:edit', 'instance', id);
      if ((await this.#parts.db.stores.instances.find(id))?.stackId !== stackId) {
        throw invalid('instanceIds', 'names an instance that does not run this stack');
      }
    }
    return this.#parts.instanceChanges.planAll(actor, ids, { stackId: wanted.stackId }, newId());
  }
}
