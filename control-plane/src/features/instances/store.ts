import type { Desired, InstanceState, ListQuery, Page } from '@flowyard/protocol';
import type { Knex } from 'knex';
import { readPage } from '../../db/paging.ts';
import { FlowNodeStore } from '../search/flow-node-store.ts';
import {
  type FlowsChange,
  INSTANCE_COLUMNS,
  type InstanceRow,
  joinedInstances,
  type NewInstance,
  type VariableRow,
} from './instance-row.ts';

/** What keeps an instance from running, whatever is wanted of it. */
interface Held {
  instanceGone: string | null;
  teamGone: string | null;
  teamSuspended: string | null;
}

export class InstanceStore {
  readonly #knex: Knex;
  readonly #flowNodes: FlowNodeStore;

  constructor(knex: Knex) {
    this.#knex = knex;
    this.#flowNodes = new FlowNodeStore(knex);
  }

  async insert(instance: NewInstance): Promise<void> {
    await this.#knex('instances').insert({
      id: instance.id,
      name: instance.name,
      description: instance.description,
      team_id: instance.teamId,
      application_id: instance.applicationId,
      instance_type_id: instance.instanceTypeId,
      stack_id: instance.stackId,
      template_id: instance.templateId,
      desired: instance.desired,
      state: instance.state,
      since: instance.createdAt,
      flows_digest: instance.flowsDigest,
      modules: instance.modules ?? '{}',
      lock_digest: instance.lockDigest ?? null,
      credentials_digest: instance.credentialsDigest ?? null,
      flows_revision: instance.flowsRevision ?? 0,
      flows_changed_at: instance.flowsChangedAt ?? null,
      flows_changed_by: instance.flowsChangedBy ?? null,
      blueprint_id: instance.blueprintId ?? null,
      blueprint_version: instance.blueprintVersion ?? null,
      ...(instance.settings !== undefined && { settings: instance.settings }),
      credential_secret: instance.credentialSecret,
      created_at: instance.createdAt,
    });
    await this.#flowNodes.renew(instance.id);
  }

  async find(id: string): Promise<InstanceRow | null> {
    return (await this.#present().where('i.id', id).first<InstanceRow>(INSTANCE_COLUMNS)) ?? null;
  }

  /** Until the end of the transaction nobody else gives it other settings or another template. */
  async lock(id: string): Promise<void> {
    await this.#knex('instances').where({ id }).forUpdate().first('id');
  }

  /** Also one in the recycle bin or of a team that stands still, with what the driver makes of it now. */
  async findForDriver(id: string): Promise<InstanceRow | null> {
    const row = await joinedInstances(this.#knex)
      .join('teams as t', 't.id', 'i.team_id')
      .where('i.id', id)
      .first<(InstanceRow & Held) | undefined>({
        ...INSTANCE_COLUMNS,
        instanceGone: 'i.deleted_at',
        teamGone: 't.deleted_at',
        teamSuspended: 't.suspended_at',
      });
    if (row === undefined) {
      return null;
    }
    const { instanceGone, teamGone, teamSuspended, ...instance } = row;
    const isGone = instanceGone !== null || teamGone !== null;
    const held = isGone ? 'stopped' : teamSuspended === null ? null : 'suspended';
    return { ...instance, desired: held ?? instance.desired };
  }

  async findMany(ids: string[]): Promise<InstanceRow[]> {
    return this.#present().whereIn('i.id', ids).select<InstanceRow[]>(INSTANCE_COLUMNS);
  }

  async findIdByName(name: string): Promise<string | null> {
    const row: { id: string } | undefined = await this.#knex('instances as i')
      .join('teams as t', 't.id', 'i.team_id')
      .where('i.name', name)
      .whereNull('i.deleted_at')
      .whereNull('t.deleted_at')
      .first('i.id as id');
    return row?.id ?? null;
  }

  list(
    filter: { applicationId: string } | { teamId: string; hidden: string[] },
    query: ListQuery,
  ): Promise<Page<InstanceRow>> {
    const filtered =
      'applicationId' in filter
        ? this.#present().where('i.application_id', filter.applicationId)
        : this.#present().where('i.team_id', filter.teamId).whereNotIn('i.application_id', filter.hidden);
    return readPage<InstanceRow>(filtered, {
      query,
      sort: 'i.name',
      id: 'i.id',
      search: ['i.name', 'i.description'],
      cursorOf: (row) => [row.name, row.id],
      select: (builder) => builder.select(INSTANCE_COLUMNS),
    });
  }

  async allIds(): Promise<string[]> {
    const rows = await this.#knex('instances').orderBy('id').select<Array<{ id: string }>>('id');
    return rows.map((row) => row.id);
  }

  /** Every instance of the platform with its state, but for those in the recycle bin. */
  async allStates() {
    return this.#knex('instances')
      .whereNull('deleted_at')
      .orderBy('id')
      .select<
        Array<{ id: string; name: string; teamId: string; applicationId: string; state: InstanceState }>
      >({ id: 'id', name: 'name', teamId: 'team_id', applicationId: 'application_id', state: 'state' });
  }

  /** All instances of a team that are not in these applications, with just their state. */
  async states(teamId: string, hidden: string[]) {
    return this.#knex('instances')
      .where({ team_id: teamId })
      .whereNull('deleted_at')
      .whereNotIn('application_id', hidden)
      .select<
        Array<{ id: string; name: string; state: InstanceState; reason: string | null; since: string }>
      >('id', 'name', 'state', 'reason', 'since');
  }

  async setDescription(id: string, description: string): Promise<void> {
    await this.#knex('instances').where({ id }).update({ description });
  }

  /** What a person wants, which flows cannot hold. */
  async setDesired(id: string, desired: Desired, addRestart: boolean): Promise<void> {
    await this.#knex('instances').where({ id }).update({ desired });
    if (addRestart) {
      await this.addUnheldRestart(id);
    }
  }

  /** Asks for a fresh process, whatever is desired meanwhile. */
  async addRestart(id: string): Promise<void> {
    await this.#knex('instances').where({ id }).increment('restarts', 1);
  }

  /** Asks for a fresh process at once, also while flows hold updates. */
  async addUnheldRestart(id: string): Promise<void> {
    const next = this.#knex.raw('restarts + 1');
    await this.#knex('instances').where({ id }).update({ restarts: next, unheld_restarts: next });
  }

  async setParts(id: string, stackId: string, instanceTypeId: string): Promise<void> {
    await this.#knex('instances')
      .where({ id })
      .update({ stack_id: stackId, instance_type_id: instanceTypeId });
  }

  async setTrial(id: string, trial: { of: string; until: string }): Promise<void> {
    await this.#knex('instances').where({ id }).update({ trial_of: trial.of, trial_until: trial.until });
  }

  /** Trials that were to be kept until then at most. */
  async trialsUntil(time: string): Promise<string[]> {
    const rows: Array<{ id: string }> = await this.#knex('instances')
      .where('trial_until', '<=', time)
      .whereNull('deleted_at')
      .select('id');
    return rows.map((row) => row.id);
  }

  /** All instances that run a stack, with the team they belong to. */
  ofStack(stackId: string): Promise<Array<InstanceRow & { teamName: string }>> {
    return this.#present()
      .join('teams as t', 't.id', 'i.team_id')
      .whereNull('t.deleted_at')
      .where('i.stack_id', stackId)
      .orderBy(['i.name', 'i.id'])
      .select({ ...INSTANCE_COLUMNS, teamName: 't.name' });
  }

  async setFolder(id: string, folder: string): Promise<void> {
    await this.#knex('instances').where({ id }).update({ folder });
  }

  async setSettings(id: string, settings: string): Promise<void> {
    await this.#knex('instances').where({ id }).update({ settings });
  }

  async setTemplate(id: string, templateId: string): Promise<void> {
    await this.#knex('instances').where({ id }).update({ template_id: templateId });
  }

  async setBlueprint(id: string, blueprintId: string, version: number): Promise<void> {
    await this.#knex('instances')
      .where({ id })
      .update({ blueprint_id: blueprintId, blueprint_version: version });
  }

  async setStartedWith(id: string, startedWith: string): Promise<void> {
    await this.#knex('instances').where({ id }).update({ started_with: startedWith });
  }

  async setState(
    id: string,
    state: { state: InstanceState; step: string | null; reason: string | null; since: string },
  ): Promise<void> {
    await this.#knex('instances').where({ id }).update(state);
  }

  /**
   * Puts other flows in place, if they are still at that revision.
   * @returns the new revision, or null when somebody was faster
   */
  async changeFlows(id: string, revision: number, change: FlowsChange): Promise<number | null> {
    const changed = await this.#knex('instances')
      .where({ id, flows_revision: revision })
      .update({
        left_out: null,
        flows_revision: revision + 1,
        flows_digest: change.flowsDigest,
        credentials_digest: change.credentialsDigest,
        ...(change.palette !== undefined && {
          modules: change.palette.modules,
          lock_digest: change.palette.lockDigest,
        }),
        flows_changed_at: change.changedAt,
        flows_changed_by: change.changedBy,
        running_snapshot_id: change.runningSnapshotId,
      });
    if (changed !== 1) {
      return null;
    }
    await this.#flowNodes.renew(id);
    return revision + 1;
  }

  /** JSON of the flows that do not run because they crash; null runs all again. */
  async setLeftOut(id: string, leftOut: string | null): Promise<void> {
    await this.#knex('instances').where({ id }).update({ left_out: leftOut });
  }

  async setPalette(id: string, palette: Pick<InstanceRow, 'modules' | 'lockDigest'>): Promise<void> {
    const { modules, lockDigest } = palette;
    await this.#knex('instances')
      .where({ id })
      .update({ modules, lock_digest: lockDigest, running_snapshot_id: null });
  }

  /** Says that a snapshot is what runs, if nothing was deployed since that revision. */
  async setRunningSnapshot(id: string, revision: number, snapshotId: string): Promise<void> {
    await this.#knex('instances')
      .where({ id, flows_revision: revision })
      .update({ running_snapshot_id: snapshotId });
  }

  async setTargetSnapshot(id: string, snapshotId: string | null): Promise<void> {
    await this.#knex('instances').where({ id }).update({ target_snapshot_id: snapshotId });
  }

  async variables(id: string): Promise<VariableRow[]> {
    const rows = await this.#knex('instance_variables')
      .where({ instance_id: id })
      .orderBy('name')
      .select<VariableRow[]>('name', 'value', 'secret');
    return rows.map((row) => ({ ...row, secret: Boolean(row.secret) }));
  }

  async replaceVariables(id: string, variables: VariableRow[]): Promise<void> {
    await this.#knex('instance_variables').where({ instance_id: id }).delete();
    if (variables.length > 0) {
      await this.#knex('instance_variables').insert(variables.map((row) => ({ instance_id: id, ...row })));
    }
  }

  /** What keeps an instance from being deleted, in words. */
  async usersOf(id: string): Promise<string[]> {
    const stages: Array<{ name: string }> = await this.#knex('stages as s')
      .join('pipelines as p', 'p.id', 's.pipeline_id')
      .where('s.instance_id', id)
      .select('p.name');
    const devices: Array<{ name: string }> = await this.#knex('devices')
      .where({ instance_id: id })
      .limit(20)
      .select('name');
    return [
      ...stages.map((row) => `a stage of pipeline ${row.name}`),
      ...devices.map((row) => `assigned device ${row.name}`),
    ];
  }

  /** Those that are not in the recycle bin. */
  #present(): Knex.QueryBuilder {
    return joinedInstances(this.#knex).whereNull('i.deleted_at');
  }
}
