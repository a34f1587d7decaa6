import type { ApplicationRole, AuditEventName, ListQuery, Page } from '@flowyard/protocol';
import { auditActor, type UserActor } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { conflict, countAll, invalid, notFound } from '../../errors.ts';
import { newId } from '../../ids.ts';
import type { Changes } from '../../relay/changes.ts';
import type { ApplicationRow } from './store.ts';

/** Applications, and the roles that differ in them. */
export class ApplicationService {
  readonly #db: Database;
  readonly #changes: Changes;

  constructor(parts: { db: Database; changes: Changes }) {
    this.#db = parts.db;
    this.#changes = parts.changes;
  }

  async get(id: string): Promise<ApplicationRow> {
    const application = await this.#db.stores.applications.find(id);
    if (application === null) {
      throw notFound('application');
    }
    return application;
  }

  list(teamId: string, hidden: string[], query: ListQuery): Promise<Page<ApplicationRow>> {
    return this.#db.stores.applications.list(teamId, hidden, query);
  }

  async create(
    actor: UserActor,
    teamId: string,
    input: { name: string; description?: string | undefined },
  ): Promise<ApplicationRow> {
    const id = newId();
    await this.#db.transact(async (tx) => {
      const application = { id, teamId, name: input.name, description: input.description ?? '' };
      await tx.stores.applications.insert({ ...application, createdAt: new Date().toISOString() });
      await this.#record(tx, actor, 'application.created', application);
    });
    return this.get(id);
  }

  async update(
    actor: UserActor,
    id: string,
    changes: { name?: string | undefined; description?: string | undefined },
  ): Promise<ApplicationRow> {
    await this.#db.transact(async (tx) => {
      const before = await this.#require(tx, id);
      await tx.stores.applications.update(id, changes);
      await this.#record(tx, actor, 'application.changed', before, {
        before: { name: before.name, description: before.description },
        after: changes,
      });
    });
    return this.get(id);
  }

  async delete(actor: UserActor, id: string): Promise<void> {
    await this.#db.transact(async (tx) => {
      const application = await this.#require(tx, id);
      if (application.instances + application.binned + application.devices > 0) {
        const { instances, devices, binned } = application;
        const what = countAll({
          'hosted instance': instances,
          device: devices,
          'instance in the recycle bin': binned,
        });
        const message = `The application still has ${what}. Delete them first, also from the recycle bin; devices can be assigned elsewhere.`;
        throw conflict('in_use', message, { instances, devices, binned });
      }
      await tx.stores.applications.delete(id);
      await this.#record(tx, actor, 'application.deleted', application);
    });
  }

  listRoles(id: string, query: ListQuery) {
    return this.#db.stores.applications.listRoles(id, query);
  }

  async setRole(actor: UserActor, id: string, userId: string, role: ApplicationRole) {
    const username = await this.#db.transact(async (tx) => {
      const application = await this.#require(tx, id);
      const member = await tx.stores.teams.findMember(application.teamId, userId);
      if (member === null) {
        throw invalid('userId', 'is not a member of the team');
      }
      if (member.role === 'owner') {
        throw conflict(
          'is_owner',
          'Owners have full access to every application. Change the role in the team first.',
        );
      }
      await tx.stores.applications.setRole(id, userId, role);
      await this.#record(tx, actor, 'application.role-set', application, { username: member.username, role });
      return member.username;
    });
    this.#changes.emit('access', { kind: 'access', userId });
    return { userId, username, role };
  }

  async removeRole(actor: UserActor, id: string, userId: string): Promise<void> {
    await this.#db.transact(async (tx) => {
      const application = await this.#require(tx, id);
      if ((await tx.stores.applications.deleteRole(id, userId)) === 0) {
        throw notFound('role in this application');
      }
      await this.#record(tx, actor, 'application.role-removed', application, { userId });
    });
    this.#changes.emit('access', { kind: 'access', userId });
  }

  async #require(tx: Transaction, id: string): Promise<ApplicationRow> {
    const application = await tx.stores.applications.find(id);
    if (application === null) {
      throw notFound('application');
    }
    return application;
  }

  async #record(
    tx: Transaction,
    actor: UserActor,
    event: AuditEventName,
    application: { id: string; teamId: string; name: string },
    details?: Record<string, unknown>,
  ): Promise<void> {
    await tx.audit({
      event,
      actor: auditActor(actor),
      teamId: application.teamId,
      applicationId: application.id,
      subject: { kind: 'application', id: application.id, name: application.name },
      ...(details && { details }),
    });
    tx.announce({
      kind: 'application',
      id: application.id,
      teamId: application.teamId,
      applicationId: application.id,
    });
  }
}
