import type { AuditEventName, ListQuery, Page, Role, SentInvitation } from '@flowyard/protocol';
import { type AuditActor, auditActor, type UserActor } from '../../access/actor.ts';
import { type Database, isDuplicate, type Transaction } from '../../db/database.ts';
import { AppError, conflict, invalid, notFound } from '../../errors.ts';
import { newId } from '../../ids.ts';
import type { Changes } from '../../relay/changes.ts';
import { hashToken, newToken } from '../../secrets/tokens.ts';
import type { Mail, Mailer } from '../notifications/mailer.ts';
import type { NotificationService } from '../notifications/notification-service.ts';
import { refuseBeyondLimit } from '../team-types/limits.ts';
import type { NewUser, UserService } from '../users/service.ts';
import type { UserRow } from '../users/store.ts';
import { presentInvitation } from './presenter.ts';
import type { InvitationRow } from './store.ts';

const DAY_MS = 24 * 3600_000;
const VALID_MS = 7 * DAY_MS;
/** Expired ones stay in sight for a while, so that they can be sent again. */
const KEEP_EXPIRED_MS = 30 * DAY_MS;
const MAX_OPEN = 200;
const EMAIL = /^[^\s@<>"']+@[^\s@<>"']+\.[^\s@<>"']+$/;

interface Parts {
  db: Database;
  changes: Changes;
  users: UserService;
  publicUrl: () => string;
  mailer: Mailer;
  notifications: NotificationService;
}

/**
 * Invitations to teams. One by user name is for that account alone. One by e-mail address is for whoever has the
 * link: people set the address of their account themselves, so it proves nothing.
 */
export class InvitationService {
  readonly #parts: Parts;
  readonly #db: Database;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#db = parts.db;
  }

  listOfTeam(teamId: string, query: ListQuery): Promise<Page<InvitationRow>> {
    return this.#db.stores.invitations.listOfTeam(teamId, query);
  }

  listOwn(actor: UserActor, query: ListQuery): Promise<Page<InvitationRow>> {
    return this.#db.stores.invitations.listOfUser(actor.userId, new Date().toISOString(), query);
  }

  async create(
    actor: UserActor,
    teamId: string,
    input: { invitee: string; role: Role },
  ): Promise<SentInvitation> {
    const id = newId();
    const token = newToken('invitation');
    const invitee = input.invitee.toLowerCase();
    try {
      return await this.#db.transact(async (tx) => {
        await tx.stores.teams.lock(teamId);
        const user = await this.#inviteeOf(tx, teamId, invitee);
        if ((await tx.stores.invitations.count(teamId)) >= MAX_OPEN) {
          throw conflict('too_many', `The team has ${MAX_OPEN} open invitations. Withdraw some first.`);
        }
        const now = Date.now();
        const row = {
          id,
          teamId,
          userId: user?.id ?? null,
          invitee,
          role: input.role,
          invitedBy: actor.username,
          createdAt: new Date(now).toISOString(),
          expiresAt: new Date(now + VALID_MS).toISOString(),
        };
        await tx.stores.invitations.insert({ ...row, tokenHash: hashToken(token) });
        await this.#record(tx, 'invitation.created', auditActor(actor), row);
        return this.#send(tx, id, token);
      });
    } catch (error) {
      throw isDuplicate(error)
        ? conflict('already_invited', `${invitee} is invited already. Send that invitation again instead.`)
        : error;
    }
  }

  /** A new link, and seven more days. */
  async renew(actor: UserActor, teamId: string, id: string): Promise<SentInvitation> {
    const token = newToken('invitation');
    return this.#db.transact(async (tx) => {
      const row = await this.#requireOf(tx, teamId, id);
      const expiresAt = new Date(Date.now() + VALID_MS).toISOString();
      await tx.stores.invitations.renew(id, {
        tokenHash: hashToken(token),
        expiresAt,
        invitedBy: actor.username,
      });
      await this.#record(tx, 'invitation.renewed', auditActor(actor), row);
      return this.#send(tx, id, token);
    });
  }

  async withdraw(actor: UserActor, teamId: string, id: string): Promise<void> {
    await this.#db.transact(async (tx) => {
      const row = await this.#requireOf(tx, teamId, id);
      await this.#delete(tx, id);
      await this.#record(tx, 'invitation.withdrawn', auditActor(actor), row);
    });
  }

  accept(actor: UserActor, id: string): Promise<{ teamId: string }> {
    return this.#join(
      (tx) => this.#requireOwn(tx, actor, id),
      async () => ({ id: actor.userId, username: actor.username, audit: auditActor(actor) }),
    );
  }

  async decline(actor: UserActor, id: string): Promise<void> {
    await this.#db.transact(async (tx) => {
      const row = await this.#requireOwn(tx, actor, id);
      await this.#delete(tx, id);
      await this.#record(tx, 'invitation.declined', auditActor(actor), row);
    });
  }

  async readLink(token: string) {
    const row = await this.#db.stores.invitations.findByToken(hashToken(token));
    if (row === null || isExpired(row)) {
      throw noLink();
    }
    const { teamName, role, invitedBy, expiresAt } = row;
    return { teamName, role, invitedBy, expiresAt, username: row.userId === null ? null : row.invitee };
  }

  acceptLink(actor: UserActor, token: string): Promise<{ teamId: string }> {
    return this.#join(
      async (tx) => {
        const row = await this.#requireLink(tx, token);
        if (row.userId !== null && row.userId !== actor.userId) {
          throw conflict(
            'other_account',
            `This invitation is for ${row.invitee}, and you are signed in as ${actor.username}. Sign out, and sign in as ${row.invitee}.`,
          );
        }
        return row;
      },
      async () => ({ id: actor.userId, username: actor.username, audit: auditActor(actor) }),
    );
  }

  /** Makes an account and joins, or neither. */
  async joinByLink(
    token: string,
    input: NewUser,
    address: string | null,
  ): Promise<{ user: UserRow; teamId: string }> {
    await this.readLink(token);
    const user = await this.#parts.users.prepare(input);
    const joined = await this.#join(
      async (tx) => {
        const row = await this.#requireLink(tx, token);
        if (row.userId !== null) {
          throw conflict('has_account', `This invitation is for ${row.invitee}. Sign in as ${row.invitee}.`);
        }
        return row;
      },
      async (tx, row) => {
        await this.#parts.users.insert(tx, user, { invitedBy: row.invitedBy });
        const audit = { kind: 'user', id: user.id, name: user.username, via: 'page', address } as const;
        return { id: user.id, username: user.username, audit };
      },
    ).catch((error: unknown) => {
      throw isDuplicate(error) ? conflict('name_taken', `The user name ${user.username} is taken.`) : error;
    });
    return { user, ...joined };
  }

  async deleteExpired(now: number): Promise<void> {
    await this.#db.stores.invitations.deleteExpired(new Date(now - KEEP_EXPIRED_MS).toISOString());
  }

  /** Under the lock of the team: nobody comes in by an invitation that was used or withdrawn meanwhile. */
  async #join(
    find: (tx: Transaction) => Promise<InvitationRow>,
    who: (
      tx: Transaction,
      row: InvitationRow,
    ) => Promise<{ id: string; username: string; audit: AuditActor }>,
  ): Promise<{ teamId: string }> {
    return this.#db.transact(async (tx) => {
      const { teamId } = await find(tx);
      await tx.stores.teams.lock(teamId);
      const row = await find(tx);
      const person = await who(tx, row);
      if ((await tx.stores.teams.find(teamId, person.id))?.suspendedAt != null) {
        throw conflict('team_suspended', `${row.teamName} is suspended at the moment. Try again later.`);
      }
      if ((await tx.stores.teams.findMember(teamId, person.id)) !== null) {
        throw conflict('already_member', `You are a member of ${row.teamName} already.`);
      }
      await tx.stores.teams.insertMember(teamId, person.id, row.role, new Date().toISOString());
      await refuseFullTeam(tx, row);
      await this.#delete(tx, row.id);
      await this.#record(tx, 'invitation.accepted', person.audit, row, { username: person.username });
      tx.afterCommit(() => this.#parts.changes.emit('access', { kind: 'access', userId: person.id }));
      return { teamId };
    });
  }

  async #inviteeOf(tx: Transaction, teamId: string, invitee: string): Promise<UserRow | null> {
    if (EMAIL.test(invitee)) {
      return null;
    }
    const user = await tx.stores.users.findByUsername(invitee);
    if (user === null) {
      throw invalid(
        'invitee',
        'is nobody on this platform; invite people without an account by e-mail address',
      );
    }
    if ((await tx.stores.teams.findMember(teamId, user.id)) !== null) {
      throw conflict('already_member', `${user.username} is a member of this team already.`);
    }
    return user;
  }

  /** The letter is stored with the invitation, and leaves when both are committed. */
  async #send(tx: Transaction, id: string, token: string): Promise<SentInvitation> {
    const row = await tx.stores.invitations.find(id);
    if (row === null) {
      throw notFound('invitation');
    }
    const { mailer, publicUrl } = this.#parts;
    const link = `${publicUrl()}/invitation#${token}`;
    const user = row.userId === null ? null : await tx.stores.users.find(row.userId);
    const to = user === null ? row.invitee : user.email;
    const mailed = to !== null && mailer.isConfigured;
    if (mailed) {
      await mailer.sendIn(tx, invitationMail(to, row, link));
    }
    if (row.userId !== null) {
      await this.#parts.notifications.raise(tx, {
        kind: 'invitation.received',
        teamId: null,
        applicationId: null,
        userId: row.userId,
        subject: { kind: 'invitation', id, name: row.teamName },
        text: `${row.invitedBy} invites you to the team ${row.teamName}, as ${row.role}.`,
      });
    }
    return { invitation: presentInvitation(row), link, mailed };
  }

  async #delete(tx: Transaction, id: string): Promise<void> {
    await tx.stores.invitations.delete(id);
    await this.#parts.notifications.resolve(tx, id, ['invitation.received']);
  }

  async #requireOf(tx: Transaction, teamId: string, id: string): Promise<InvitationRow> {
    const row = await tx.stores.invitations.find(id);
    if (row === null || row.teamId !== teamId) {
      throw notFound('invitation');
    }
    return row;
  }

  async #requireOwn(tx: Transaction, actor: UserActor, id: string): Promise<InvitationRow> {
    const row = await tx.stores.invitations.find(id);
    if (row === null || row.userId !== actor.userId || isExpired(row)) {
      throw notFound('invitation');
    }
    return row;
  }

  async #requireLink(tx: Transaction, token: string): Promise<InvitationRow> {
    const row = await tx.stores.invitations.findByToken(hashToken(token));
    if (row === null || isExpired(row)) {
      throw noLink();
    }
    return row;
  }

  #record(
    tx: Transaction,
    event: AuditEventName,
    actor: AuditActor,
    row: { id: string; teamId: string; invitee: string; role: Role },
    details: Record<string, unknown> = {},
  ): Promise<void> {
    return tx.audit({
      event,
      actor,
      teamId: row.teamId,
      applicationId: null,
      subject: { kind: 'invitation', id: row.id, name: row.invitee },
      details: { role: row.role, ...details },
    });
  }
}

/** The limit of the team type, in words for whoever is invited. */
async function refuseFullTeam(tx: Transaction, row: InvitationRow): Promise<void> {
  try {
    await refuseBeyondLimit(tx, row.teamId, 'members');
  } catch (error) {
    if (error instanceof AppError && error.code === 'limit_reached') {
      const message = `${row.teamName} is full: its team type allows ${String(error.details?.limit)} members. Ask ${row.invitedBy} to make room; the invitation stays valid until then, at most until ${row.expiresAt.slice(0, 10)}.`;
      throw conflict('limit_reached', message, error.details);
    }
    throw error;
  }
}

/** Names are quoted as they are: a letter is plain text, and its subject names nobody's words. */
function invitationMail(to: string, row: InvitationRow, link: string): Mail {
  const text = `${row.invitedBy} invites you to the team "${row.teamName}" on Flowyard, as ${row.role}.

To accept, open this link:
${link}

It works once, until ${row.expiresAt.slice(0, 10)}. If you do not know what this is about, do nothing.
`;
  return { to, subject: 'Invitation to a team on Flowyard', text };
}

function isExpired(row: InvitationRow): boolean {
  return row.expiresAt <= new Date().toISOString();
}

function noLink(): AppError {
  return new AppError(
    404,
    'not_found',
    'This invitation is not valid any more: it was used, withdrawn, or sent again since, or is older than seven days. Ask for a new one.',
  );
}
