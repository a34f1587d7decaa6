import type { AuditEventName, DeviceCredentials, ListQuery, Page } from '@flowyard/protocol';
import { type Actor, auditActor, SYSTEM } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { AppError, invalid, notFound, unauthenticated } from '../../errors.ts';
import { newId } from '../../ids.ts';
import { hashToken, newToken } from '../../secrets/tokens.ts';
import type { DeviceService } from '../devices/service.ts';
import { fitsPattern } from './name-pattern.ts';
import { isWithin } from './networks.ts';
import type { ProvisioningTokenRow } from './store.ts';

export interface NewProvisioningToken {
  name: string;
  applicationId?: string | undefined;
  instanceId?: string | undefined;
  deviceGroupId?: string | undefined;
  expiresAt?: string | undefined;
  uses?: number | undefined;
  namePattern?: string | undefined;
  networks?: string[] | undefined;
}

/** Tokens with which devices join a team by themselves. */
export class ProvisioningService {
  readonly #db: Database;
  readonly #devices: DeviceService;

  constructor(parts: { db: Database; devices: DeviceService }) {
    this.#db = parts.db;
    this.#devices = parts.devices;
  }

  list(teamId: string, query: ListQuery): Promise<Page<ProvisioningTokenRow>> {
    return this.#db.stores.provisioning.list(teamId, query);
  }

  async create(
    actor: Actor,
    teamId: string,
    input: NewProvisioningToken,
  ): Promise<{ id: string; token: string }> {
    const id = newId();
    const token = newToken('provisioning');
    if (input.expiresAt !== undefined && Date.parse(input.expiresAt) < Date.now()) {
      throw invalid('expiresAt', 'is in the past');
    }
    await this.#db.transact(async (tx) => {
      await this.#refuseStrangers(tx, teamId, input);
      await tx.stores.provisioning.insert({
        id,
        teamId,
        name: input.name,
        tokenHash: hashToken(token),
        applicationId: input.applicationId ?? null,
        instanceId: input.instanceId ?? null,
        deviceGroupId: input.deviceGroupId ?? null,
        expiresAt: input.expiresAt === undefined ? null : new Date(input.expiresAt).toISOString(),
        uses: input.uses ?? null,
        namePattern: input.namePattern ?? null,
        networks: JSON.stringify(input.networks ?? []),
        createdAt: new Date().toISOString(),
      });
      await this.#audit(tx, actor, 'provisioning-token.created', { id, teamId, name: input.name });
    });
    return { id, token };
  }

  async #refuseStrangers(tx: Transaction, teamId: string, input: NewProvisioningToken): Promise<void> {
    const places = [
      ['applicationId', 'application', input.applicationId],
      ['instanceId', 'instance', input.instanceId],
      ['deviceGroupId', 'device-group', input.deviceGroupId],
    ] as const;
    for (const [field, kind, id] of places) {
      if (id !== undefined && (await tx.stores.scopes.find(kind, id, null))?.teamId !== teamId) {
        throw invalid(
          field,
          `is not ${kind === 'device-group' ? 'a device group' : `an ${kind}`} of this team`,
        );
      }
    }
  }

  async delete(actor: Actor, teamId: string, id: string): Promise<void> {
    await this.#db.transact(async (tx) => {
      const token = await tx.stores.provisioning.find(teamId, id);
      if (token === null) {
        throw notFound('provisioning token');
      }
      await tx.stores.provisioning.delete(id);
      await this.#audit(tx, actor, 'provisioning-token.revoked', token);
    });
  }

  /**
   * A device joins.
   * @throws AppError 401 for a token that is none, 403 for one that has expired, is used up or is for another network,
   * 422 for a name that does not fit its pattern
   */
  async register(
    token: string | null,
    address: string,
    input: { name: string; type?: string | undefined },
  ): Promise<DeviceCredentials> {
    return this.#db.transact(async (tx) => {
      const row = token === null ? null : await tx.stores.provisioning.findByHash(hashToken(token));
      if (row === null) {
        throw unauthenticated(
          'This is not a provisioning token that is valid. Make one on the page of the team, under Provisioning.',
        );
      }
      if (row.expiresAt !== null && row.expiresAt < new Date().toISOString()) {
        throw new AppError(
          403,
          'token_expired',
          `The provisioning token ${row.name} has expired. Make a new one.`,
        );
      }
      refuseMisfit(row, address, input.name);
      if (!(await tx.stores.provisioning.use(row.id))) {
        throw new AppError(
          403,
          'token_used_up',
          `The provisioning token ${row.name} was used ${row.used} times, as often as it may be. Make a new one.`,
        );
      }
      const place = await this.#assignment(tx, row);
      return this.#devices.createInTransaction(tx, SYSTEM, row.teamId, { ...input, ...place });
    });
  }

  async #assignment(tx: Transaction, row: ProvisioningTokenRow) {
    if (row.deviceGroupId !== null) {
      const group = await tx.stores.deviceGroups.findHead(row.deviceGroupId);
      return { applicationId: group?.applicationId, deviceGroupId: row.deviceGroupId };
    }
    return { applicationId: row.applicationId ?? undefined, instanceId: row.instanceId ?? undefined };
  }

  #audit(
    tx: Transaction,
    actor: Actor,
    event: AuditEventName,
    token: { id: string; teamId: string; name: string },
  ): Promise<void> {
    return tx.audit({
      event,
      actor: auditActor(actor),
      teamId: token.teamId,
      applicationId: null,
      subject: { kind: 'provisioning-token', id: token.id, name: token.name },
    });
  }
}

function refuseMisfit(
  { name: token, namePattern, networks }: ProvisioningTokenRow,
  address: string,
  name: string,
): void {
  if (!isWithin(address, JSON.parse(networks))) {
    throw new AppError(
      403,
      'other_network',
      `The provisioning token ${token} is not for devices at ${address}. Whoever made it says from which networks devices may join.`,
    );
  }
  if (namePattern !== null && !fitsPattern(name, namePattern)) {
    throw invalid('name', `must look like ${namePattern}, as the provisioning token ${token} asks for`);
  }
}
