import type { HttpTokenView, ListQuery, Page } from '@flowyard/protocol';
import { type Actor, auditActor } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { invalid, notFound } from '../../errors.ts';
import { newId } from '../../ids.ts';
import { hashToken, isToken, newToken } from '../../secrets/tokens.ts';

const TOUCH_MS = 60_000;

/** Tokens with which programs reach the HTTP routes of one instance. */
export class HttpTokenService {
  readonly #db: Database;

  constructor(parts: { db: Database }) {
    this.#db = parts.db;
  }

  list(instanceId: string, query: ListQuery): Promise<Page<HttpTokenView>> {
    return this.#db.stores.httpTokens.list(instanceId, query);
  }

  async create(
    actor: Actor,
    instanceId: string,
    input: { name: string; expiresAt?: string | undefined },
  ): Promise<{ id: string; token: string }> {
    if (input.expiresAt !== undefined && Date.parse(input.expiresAt) < Date.now()) {
      throw invalid('expiresAt', 'is in the past');
    }
    const token = newToken('http');
    const row: HttpTokenView = {
      id: newId(),
      name: input.name,
      expiresAt: input.expiresAt === undefined ? null : new Date(input.expiresAt).toISOString(),
      lastUsedAt: null,
      createdAt: new Date().toISOString(),
    };
    await this.#db.transact(async (tx) => {
      await this.#record(tx, actor, instanceId, 'http-token.created', row);
      await tx.stores.httpTokens.insert(instanceId, row, hashToken(token));
    });
    return { id: row.id, token };
  }

  async revoke(actor: Actor, instanceId: string, id: string): Promise<void> {
    await this.#db.transact(async (tx) => {
      const name = await tx.stores.httpTokens.delete(instanceId, id);
      if (name === null) {
        throw notFound('HTTP token');
      }
      await this.#record(tx, actor, instanceId, 'http-token.revoked', { id, name });
    });
  }

  /** Whether the token lets a program in. Asked at each request, so that a revoked one ends at once. */
  async admits(instanceId: string, token: string): Promise<boolean> {
    if (!isToken('http', token)) {
      return false;
    }
    const found = await this.#db.stores.httpTokens.find(instanceId, hashToken(token));
    const now = new Date().toISOString();
    if (found === null || (found.expiresAt !== null && found.expiresAt < now)) {
      return false;
    }
    if (found.lastUsedAt === null || Date.parse(found.lastUsedAt) < Date.now() - TOUCH_MS) {
      await this.#db.stores.httpTokens.touch(found.id, now);
    }
    return true;
  }

  async #record(
    tx: Transaction,
    actor: Actor,
    instanceId: string,
    event: 'http-token.created' | 'http-token.revoked',
    token: { id: string; name: string },
  ): Promise<void> {
    const instance = await tx.stores.instances.find(instanceId);
    if (instance === null) {
      throw notFound('instance');
    }
    await tx.audit({
      event,
      actor: auditActor(actor, instance.name),
      teamId: instance.teamId,
      applicationId: instance.applicationId,
      subject: { kind: 'instance', id: instance.id, name: instance.name },
      details: { token: token.name },
    });
  }
}
