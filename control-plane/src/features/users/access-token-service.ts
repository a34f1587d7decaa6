import type { AccessTokenView, ListQuery, Page } from '@flowyard/protocol';
import { auditActor, type UserActor } from '../../access/actor.ts';
import { effectiveRole } from '../../access/authorize.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { AppError, invalid, notFound } from '../../errors.ts';
import { newId } from '../../ids.ts';
import type { Changes } from '../../relay/changes.ts';
import { hashToken, newToken } from '../../secrets/tokens.ts';
import type { AccessTokenRow } from './session-store.ts';

/** What a new access token is to be good for. */
interface NewAccessToken {
  name: string;
  expiresAt?: string | undefined;
  teamId?: string | undefined;
  applicationId?: string | undefined;
  readOnly?: boolean | undefined;
}

/** The access tokens with which programs act as a person, or as less. */
export class AccessTokenService {
  readonly #db: Database;
  readonly #changes: Changes;

  constructor(parts: { db: Database; changes: Changes }) {
    this.#db = parts.db;
    this.#changes = parts.changes;
  }

  list(actor: UserActor, query: ListQuery): Promise<Page<AccessTokenRow>> {
    return this.#db.stores.sessions.listAccessTokens(actor.userId, query);
  }

  async create(actor: UserActor, input: NewAccessToken): Promise<{ id: string; token: string }> {
    return this.#db.transact((tx) => this.createInTransaction(tx, actor, input));
  }

  async createInTransaction(
    tx: Transaction,
    actor: UserActor,
    input: NewAccessToken,
  ): Promise<{ id: string; token: string }> {
    if (actor.via !== 'page') {
      throw new AppError(403, 'forbidden', 'Access tokens are made on the page, signed in with a password.');
    }
    if (
      input.teamId !== undefined &&
      (await tx.stores.teams.findMember(input.teamId, actor.userId)) === null
    ) {
      throw invalid('teamId', 'is not a team that you are a member of');
    }
    if (input.expiresAt !== undefined && Date.parse(input.expiresAt) < Date.now()) {
      throw invalid('expiresAt', 'is in the past');
    }
    const application = await this.#tokenApplication(tx, actor, input);
    const token = newToken('access');
    const row: AccessTokenView & { userId: string } = {
      id: newId(),
      userId: actor.userId,
      name: input.name,
      teamId: application?.teamId ?? input.teamId ?? null,
      applicationId: application?.id ?? null,
      readOnly: input.readOnly ?? false,
      expiresAt: input.expiresAt === undefined ? null : new Date(input.expiresAt).toISOString(),
      lastUsedAt: null,
      createdAt: new Date().toISOString(),
    };
    await tx.stores.sessions.insertAccessToken({ ...row, tokenHash: hashToken(token) });
    await tx.audit({
      event: 'access-token.created',
      actor: auditActor(actor),
      teamId: row.teamId,
      applicationId: row.applicationId,
      subject: { kind: 'access-token', id: row.id, name: row.name },
      details: { readOnly: row.readOnly, expiresAt: row.expiresAt },
    });
    return { id: row.id, token };
  }

  /** The application that a token is to be limited to; its maker must see it. */
  async #tokenApplication(
    tx: Transaction,
    actor: UserActor,
    { teamId, applicationId }: { teamId?: string | undefined; applicationId?: string | undefined },
  ): Promise<{ id: string; teamId: string } | null> {
    if (applicationId === undefined) {
      return null;
    }
    const place = await tx.stores.scopes.find('application', applicationId, actor.userId);
    const role = place === null ? null : effectiveRole(actor, place);
    if (place === null || role === null || role === 'none') {
      throw invalid('applicationId', 'is not an application that you see');
    }
    if (teamId !== undefined && teamId !== place.teamId) {
      throw invalid('applicationId', 'is in another team');
    }
    return { id: applicationId, teamId: place.teamId };
  }

  /** Ends a token for whoever has it, as a Node-RED does from which a person signs out. */
  async revokeByValue(token: string): Promise<void> {
    const row = await this.#db.stores.sessions.findAccessToken(hashToken(token));
    if (row === null) {
      return;
    }
    await this.#db.transact(async (tx) => {
      if ((await tx.stores.sessions.deleteAccessToken(row.userId, row.id)) > 0) {
        await tx.audit({
          event: 'access-token.revoked',
          actor: { kind: 'user', id: row.userId, name: row.username, via: 'token' },
          teamId: row.teamId,
          applicationId: row.applicationId,
          subject: { kind: 'access-token', id: row.id, name: row.name },
        });
      }
    });
    this.#changes.emit('access', { kind: 'access', userId: row.userId });
  }

  async revoke(actor: UserActor, id: string): Promise<void> {
    await this.#db.transact(async (tx) => {
      if ((await tx.stores.sessions.deleteAccessToken(actor.userId, id)) === 0) {
        throw notFound('access token');
      }
      await tx.audit({
        event: 'access-token.revoked',
        actor: auditActor(actor),
        teamId: null,
        applicationId: null,
        subject: { kind: 'access-token', id, name: id },
      });
    });
    this.#changes.emit('access', { kind: 'access', userId: actor.userId });
  }
}
