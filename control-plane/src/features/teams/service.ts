import type { AuditEventName, ListQuery, Page, Role } from '@flowyard/protocol';
import { auditActor, isLimited, type UserActor } from '../../access/actor.ts';
import { type Database, isDuplicate, type Transaction } from '../../db/database.ts';
import { conflict, forbidden, invalid, notFound } from '../../errors.ts';
import { newId } from '../../ids.ts';
import type { Changes } from '../../relay/changes.ts';
import { wakeTeam } from '../recycle-bin/wake-team.ts';
import { exceeded, readUsage, refuseBeyondLimit } from '../team-types/limits.ts';
import type { MemberRow, TeamRow } from './store.ts';

const MAX_SLUG = 40;

/** A slug made from a name; never empty. */
function slugOf(name: string): string {
  const slug = name
    .toLowerCase()
    .normalize('NFKD')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, MAX_SLUG)
    .replace(/-+$/, '');
  return slug === '' ? 'team' : slug;
}

/** Teams and who is in them. */
export class TeamService {
  readonly #db: Database;
  readonly #changes: Changes;

  constructor(parts: { db: Database; changes: Changes }) {
    this.#db = parts.db;
    this.#changes = parts.changes;
  }

  list(actor: UserActor, query: ListQuery): Promise<Page<TeamRow>> {
    const only = actor.onlyTeamId;
    return this.#db.stores.teams.list(actor.userId, { all: actor.admin && only === null, only }, query);
  }

  async get(actor: UserActor, id: string): Promise<TeamRow> {
    const team = await this.#db.stores.teams.find(id, actor.userId);
    if (team === null) {
      throw notFound('team');
    }
    return team;
  }

  async create(
    actor: UserActor,
    input: { name: string; slug?: string | undefined; teamTypeId?: string | undefined },
  ): Promise<TeamRow> {
    const id = newId();
    try {
      await this.#db.transact(async (tx) => {
        const { teamCreation } = await tx.stores.platformSettings.read();
        if (teamCreation === 'administrators' && !actor.admin) {
          throw forbidden('Only administrators make teams on this platform. Ask one of them.');
        }
        const type =
          input.teamTypeId === undefined
            ? await tx.stores.teamTypes.findDefault()
            : await tx.stores.teamTypes.find(input.teamTypeId);
        if (type === null) {
          throw invalid('teamTypeId', 'is not a team type; GET /team-types lists them');
        }
        const createdAt = new Date().toISOString();
        const slug = input.slug ?? (await this.#freeSlug(tx, input.name));
        await tx.stores.teams.insert({ id, name: input.name, slug, teamTypeId: type.id, createdAt });
        await tx.stores.teams.insertMember(id, actor.userId, 'owner', createdAt);
        await this.#audit(tx, actor, 'team.created', { id, name: input.name });
      });
    } catch (error) {
      throw isDuplicate(error)
        ? conflict('slug_taken', `The slug ${input.slug} is taken. Choose another one.`)
        : error;
    }
    this.#changes.emit('access', { kind: 'access', userId: actor.userId });
    return this.get(actor, id);
  }

  async update(
    actor: UserActor,
    id: string,
    changes: {
      name?: string | undefined;
      slug?: string | undefined;
      teamTypeId?: string | undefined;
    },
  ): Promise<TeamRow> {
    try {
      await this.#db.transact(async (tx) => {
        await tx.stores.teams.lock(id);
        const before = await this.#require(tx, id, actor.userId);
        if (changes.teamTypeId !== undefined) {
          await this.#checkType(tx, actor, id, changes.teamTypeId);
        }
        await tx.stores.teams.update(id, changes);
        await this.#audit(tx, actor, 'team.changed', before, {
          before: { name: before.name, slug: before.slug, teamTypeId: before.teamTypeId },
          after: changes,
        });
        tx.announce({ kind: 'team', id, teamId: id, applicationId: null });
      });
    } catch (error) {
      throw isDuplicate(error)
        ? conflict('slug_taken', `The slug ${changes.slug} is taken. Choose another one.`)
        : error;
    }
    return this.get(actor, id);
  }

  /** Into the recycle bin: from this moment it does not exist for anybody, and its instances stop. */
  async delete(actor: UserActor, id: string): Promise<void> {
    await this.#db.transact(async (tx) => {
      await tx.stores.teams.lock(id);
      const team = await this.#require(tx, id, actor.userId);
      if (await tx.stores.recycleBin.isDeploying(id)) {
        throw conflict('deploying', 'A push is under way in this team. Wait for its end, or stop it first.');
      }
      await tx.stores.recycleBin.put('teams', id, { id: actor.userId, name: actor.username });
      await this.#audit(tx, actor, 'team.deleted', team);
      await wakeTeam(tx, this.#changes, id);
    });
  }

  /** Stops its instances and refuses changes; what should run is remembered, and runs again afterwards. */
  async suspend(actor: UserActor, id: string, suspended: boolean): Promise<TeamRow> {
    await this.#db.transact(async (tx) => {
      await tx.stores.teams.lock(id);
      const team = await this.#require(tx, id, actor.userId);
      if ((team.suspendedAt !== null) === suspended) {
        return;
      }
      await tx.stores.teams.setSuspended(id, suspended ? new Date().toISOString() : null);
      await this.#audit(tx, actor, suspended ? 'team.suspended' : 'team.resumed', team);
      await wakeTeam(tx, this.#changes, id);
    });
    return this.get(actor, id);
  }

  listMembers(teamId: string, query: ListQuery): Promise<Page<MemberRow>> {
    return this.#db.stores.teams.listMembers(teamId, query);
  }

  async addMember(actor: UserActor, teamId: string, username: string, role: Role): Promise<MemberRow> {
    const member = await this.#db.transact(async (tx) => {
      await tx.stores.teams.lock(teamId);
      const team = await this.#require(tx, teamId, actor.userId);
      const user = await tx.stores.users.findByLogin(username);
      if (user === null) {
        throw invalid('username', 'is nobody on this platform; an administrator can add people under Users');
      }
      if ((await tx.stores.teams.findMember(teamId, user.id)) !== null) {
        throw conflict('already_member', `${user.username} is a member of this team already.`);
      }
      const since = new Date().toISOString();
      await tx.stores.teams.insertMember(teamId, user.id, role, since);
      await refuseBeyondLimit(tx, teamId, 'members');
      await this.#audit(tx, actor, 'member.added', team, { username: user.username, role });
      return { userId: user.id, username: user.username, name: user.name, role, since };
    });
    this.#changes.emit('access', { kind: 'access', userId: member.userId });
    return member;
  }

  async updateMember(actor: UserActor, teamId: string, userId: string, role: Role): Promise<MemberRow> {
    const member = await this.#db.transact(async (tx) => {
      await tx.stores.teams.lock(teamId);
      const team = await this.#require(tx, teamId, actor.userId);
      const before = await this.#requireMember(tx, teamId, userId);
      await tx.stores.teams.updateMember(teamId, userId, role);
      if (role === 'owner') {
        // Owners have full access to every application.
        await tx.stores.teams.deleteApplicationRoles(teamId, userId);
      }
      await this.#keepOwner(tx, teamId);
      await this.#audit(tx, actor, 'member.changed', team, {
        username: before.username,
        before: before.role,
        after: role,
      });
      return { ...before, role };
    });
    this.#changes.emit('access', { kind: 'access', userId });
    return member;
  }

  async removeMember(actor: UserActor, teamId: string, userId: string): Promise<void> {
    await this.#db.transact(async (tx) => {
      await tx.stores.teams.lock(teamId);
      const team = await this.#require(tx, teamId, actor.userId);
      const member = await this.#requireMember(tx, teamId, userId);
      await tx.stores.teams.deleteMember(teamId, userId);
      await this.#keepOwner(tx, teamId);
      await this.#audit(tx, actor, 'member.removed', team, { username: member.username });
    });
    this.#changes.emit('access', { kind: 'access', userId });
  }

  async leave(actor: UserActor, teamId: string): Promise<void> {
    if ((await this.#db.stores.teams.findMember(teamId, actor.userId)) === null) {
      throw notFound('team');
    }
    await this.removeMember(actor, teamId, actor.userId);
  }

  /** Checked after the change, in its transaction: two owners who demote each other cannot both succeed. */
  async #keepOwner(tx: Transaction, teamId: string): Promise<void> {
    if ((await tx.stores.teams.countOwners(teamId)) === 0) {
      throw conflict('last_owner', 'A team needs an owner. Make somebody else owner first.');
    }
  }

  /** Under the lock of the team, so that nothing is added meanwhile. */
  async #checkType(tx: Transaction, actor: UserActor, teamId: string, teamTypeId: string): Promise<void> {
    if (!actor.admin || isLimited(actor)) {
      throw forbidden('Only administrators of the platform change the type of a team.');
    }
    const type = await tx.stores.teamTypes.find(teamTypeId);
    if (type === null) {
      throw invalid('teamTypeId', 'is not a team type; GET /team-types lists them');
    }
    const beyond = exceeded(await readUsage(tx.stores, teamId, type.limits));
    if (beyond.length > 0) {
      const list = beyond.map(({ name, have, allowed }) => `${name}: ${have} of ${allowed}`).join('; ');
      throw conflict('limits_exceeded', `The team has more than ${type.name} allows. ${list}.`, {
        exceeded: beyond,
      });
    }
  }

  async #freeSlug(tx: Transaction, name: string): Promise<string> {
    const base = slugOf(name);
    for (let n = 1; n < 1000; n++) {
      const slug = n === 1 ? base : `${base}-${n}`;
      if (!(await tx.stores.teams.slugTaken(slug))) {
        return slug;
      }
    }
    return `${base}-${newId().slice(-6)}`;
  }

  async #require(tx: Transaction, id: string, userId: string): Promise<TeamRow> {
    const team = await tx.stores.teams.find(id, userId);
    if (team === null) {
      throw notFound('team');
    }
    return team;
  }

  async #requireMember(tx: Transaction, teamId: string, userId: string): Promise<MemberRow> {
    const member = await tx.stores.teams.findMember(teamId, userId);
    if (member === null) {
      throw notFound('member');
    }
    return member;
  }

  #audit(
    tx: Transaction,
    actor: UserActor,
    event: AuditEventName,
    team: { id: string; name: string },
    details?: Record<string, unknown>,
  ): Promise<void> {
    return tx.audit({
      event,
      actor: auditActor(actor),
      teamId: team.id,
      applicationId: null,
      subject: { kind: 'team', id: team.id, name: team.name },
      ...(details && { details }),
    });
  }
}
