import type { Knex } from 'knex';

/** What went along with an application. */
export interface Moved {
  instanceIds: string[];
  deviceIds: string[];
}

/** Moves everything of an application from one team to another. */
export class TransferStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  async isDeploying(applicationId: string): Promise<boolean> {
    const row = await this.#knex('deployments')
      .where({ application_id: applicationId })
      .whereNull('finished_at')
      .first('id');
    return row !== undefined;
  }

  /** What of other applications refers to this one or the other way round, in words. */
  async usedFromOutside(applicationId: string): Promise<string[]> {
    const knex = this.#knex;
    const stages: Array<{ name: string }> = await knex('stages as s')
      .join('pipelines as p', 'p.id', 's.pipeline_id')
      .leftJoin('instances as i', 'i.id', 's.instance_id')
      .leftJoin('devices as d', 'd.id', 's.device_id')
      .leftJoin('instances as di', 'di.id', 'd.instance_id')
      .leftJoin('device_groups as g', 'g.id', 's.device_group_id')
      .whereRaw(
        `coalesce(i.application_id, d.application_id, di.application_id, g.application_id) <> p.application_id`,
      )
      .where((where) =>
        where
          .where('p.application_id', applicationId)
          .orWhereRaw(
            'coalesce(i.application_id, d.application_id, di.application_id, g.application_id) = ?',
            [applicationId],
          ),
      )
      .distinct('p.name as name');
    const groups: Array<{ name: string }> = await knex('device_groups as g')
      .join('snapshots as s', 's.id', 'g.target_snapshot_id')
      .where('s.application_id', applicationId)
      .whereNot('g.application_id', applicationId)
      .select('g.name as name');
    const devices: Array<{ name: string }> = await knex('devices as d')
      .leftJoin('instances as i', 'i.id', 'd.instance_id')
      .join('snapshots as s', 's.id', 'd.target_snapshot_id')
      .where('s.application_id', applicationId)
      .whereRaw(`coalesce(d.application_id, i.application_id, '') <> ?`, [applicationId])
      .select('d.name as name');
    return [
      ...stages.map(({ name }) => `pipeline ${name}`),
      ...groups.map(({ name }) => `the target of device group ${name}`),
      ...devices.map(({ name }) => `the target of device ${name}`),
    ];
  }

  async move(applicationId: string, fromTeamId: string, toTeamId: string): Promise<Moved> {
    const knex = this.#knex;
    const team = { team_id: toTeamId };
    const inApplication = { application_id: applicationId };
    const instances = knex('instances').where(inApplication);
    const devices = knex('devices')
      .where({ team_id: fromTeamId })
      .where((where) => where.where(inApplication).orWhereIn('instance_id', instances.clone().select('id')));
    const instanceIds = (await instances.clone().select<Array<{ id: string }>>('id')).map(({ id }) => id);
    const deviceIds = (await devices.clone().select<Array<{ id: string }>>('id')).map(({ id }) => id);
    await devices.clone().update(team);
    await instances.clone().update(team);
    await knex('snapshots').where(inApplication).update(team);
    await knex('deployments').where(inApplication).update(team);
    await knex('notifications').where(inApplication).update(team);
    await knex('provisioning_tokens')
      .where(inApplication)
      .orWhereIn('instance_id', knex('instances').where(inApplication).select('id'))
      .orWhereIn('device_group_id', knex('device_groups').where(inApplication).select('id'))
      .update(team);
    await knex('applications').where({ id: applicationId }).update(team);
    await knex('teams').where({ id: fromTeamId }).decrement('device_count', deviceIds.length);
    await knex('teams').where({ id: toTeamId }).increment('device_count', deviceIds.length);
    await this.#keepRoles(applicationId, toTeamId);
    return { instanceIds, deviceIds };
  }

  /** Roles in the application stay for people of the new team who are not its owners. */
  async #keepRoles(applicationId: string, toTeamId: string): Promise<void> {
    await this.#knex('application_roles')
      .where({ application_id: applicationId })
      .whereNotIn(
        'user_id',
        this.#knex('team_members').where({ team_id: toTeamId }).whereNot('role', 'owner').select('user_id'),
      )
      .delete();
  }
}
