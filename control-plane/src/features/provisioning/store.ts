import type { ListQuery, Page } from '@flowyard/protocol';
import type { Knex } from 'knex';
import { readPage } from '../../db/paging.ts';

export interface ProvisioningTokenRow {
  id: string;
  teamId: string;
  name: string;
  applicationId: string | null;
  applicationName: string | null;
  instanceId: string | null;
  instanceName: string | null;
  deviceGroupId: string | null;
  deviceGroupName: string | null;
  expiresAt: string | null;
  uses: number | null;
  used: number;
  namePattern: string | null;
  /** JSON. */
  networks: string;
  createdAt: string;
}

const COLUMNS = {
  id: 't.id',
  teamId: 't.team_id',
  name: 't.name',
  applicationId: 't.application_id',
  applicationName: 'a.name',
  instanceId: 't.instance_id',
  instanceName: 'i.name',
  deviceGroupId: 't.device_group_id',
  deviceGroupName: 'g.name',
  expiresAt: 't.expires_at',
  uses: 't.uses',
  used: 't.used',
  namePattern: 't.name_pattern',
  networks: 't.networks',
  createdAt: 't.created_at',
};

export class ProvisioningStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  async insert(token: {
    id: string;
    teamId: string;
    name: string;
    tokenHash: string;
    applicationId: string | null;
    instanceId: string | null;
    deviceGroupId: string | null;
    expiresAt: string | null;
    uses: number | null;
    namePattern: string | null;
    networks: string;
    createdAt: string;
  }): Promise<void> {
    await this.#knex('provisioning_tokens').insert({
      id: token.id,
      team_id: token.teamId,
      name: token.name,
      token_hash: token.tokenHash,
      application_id: token.applicationId,
      instance_id: token.instanceId,
      device_group_id: token.deviceGroupId,
      expires_at: token.expiresAt,
      uses: token.uses,
      name_pattern: token.namePattern,
      networks: token.networks,
      created_at: token.createdAt,
    });
  }

  async findByHash(tokenHash: string): Promise<ProvisioningTokenRow | null> {
    return (
      (await this.#joined()
        .join('teams as home', 'home.id', 't.team_id')
        .where('t.token_hash', tokenHash)
        .whereNull('home.deleted_at')
        .whereNull('home.suspended_at')
        .whereNull('i.deleted_at')
        .first<ProvisioningTokenRow>(COLUMNS)) ?? null
    );
  }

  /** Uses a token once more; false when it has been used as often as it may be. */
  async use(id: string): Promise<boolean> {
    const used = await this.#knex('provisioning_tokens')
      .where({ id })
      .where((where) => where.whereNull('uses').orWhereRaw('used < uses'))
      .update({ used: this.#knex.raw('used + 1') });
    return used === 1;
  }

  list(teamId: string, query: ListQuery): Promise<Page<ProvisioningTokenRow>> {
    return readPage<ProvisioningTokenRow>(this.#joined().where('t.team_id', teamId), {
      query,
      id: 't.id',
      order: 'desc',
      search: ['t.name'],
      cursorOf: (row) => [row.id, row.id],
      select: (builder) => builder.select(COLUMNS),
    });
  }

  async find(teamId: string, id: string): Promise<ProvisioningTokenRow | null> {
    const row = await this.#joined()
      .where({ 't.id': id, 't.team_id': teamId })
      .first<ProvisioningTokenRow>(COLUMNS);
    return row ?? null;
  }

  async delete(id: string): Promise<void> {
    await this.#knex('provisioning_tokens').where({ id }).delete();
  }

  #joined(): Knex.QueryBuilder {
    return this.#knex('provisioning_tokens as t')
      .leftJoin('applications as a', 'a.id', 't.application_id')
      .leftJoin('instances as i', 'i.id', 't.instance_id')
      .leftJoin('device_groups as g', 'g.id', 't.device_group_id');
  }
}
