import type { Desired, InstanceChangeState, InstanceState, ListQuery, Page } from '@flowyard/protocol';
import type { Knex } from 'knex';
import { readPage } from '../../db/paging.ts';
import { FlowNodeStore } from '../search/flow-node-store.ts';

export interface InstanceRow {
  id: string;
  name: string;
  description: string;
  teamId: string;
  applicationId: string;
  applicationName: string;
  instanceTypeId: string;
  instanceTypeName: string;
  memoryMb: number;
  cpuLimit: number | null;
  stackId: string;
  stackName: string;
  stackNodeRed: string;
  stackNodeJs: string | null;
  stackUpdateId: string | null;
  stackUpdateName: string | null;
  /** The change that is under way. */
  changeId: string | null;
  changeState: InstanceChangeState | null;
  changeStack: string | null;
  changeType: string | null;
  changeAuthor: string | null;
  trialOf: string | null;
  trialOfName: string | null;
  trialUntil: string | null;
  templateId: string;
  templateName: string;
  /** JSON of the newest version of its template; null while that was never changed. */
  templateContent: string | null;
  blueprintId: string | null;
  /** Null where the blueprint belongs to another team now. */
  blueprintName: string | null;
  blueprintVersion: number | null;
  blueprintNewest: number | null;
  desired: Desired;
  restarts: number;
  /** The newest of these that flows cannot hold. */
  unheldRestarts: number;
  folder: string | null;
  state: InstanceState;
  step: string | null;
  reason: string | null;
  since: string;
  flowsRevision: number;
  /** JSON of the flows that are left out in limp mode; null while all run. */
  leftOut: string | null;
  flowsDigest: string;
  credentialsDigest: string | null;
  /** JSON of Modules. */
  modules: string;
  /** The lock file by which they are installed; null when npm chooses what they need. */
  lockDigest: string | null;
  flowsChangedAt: string | null;
  flowsChangedBy: string | null;
  runningSnapshotId: string | null;
  runningSnapshotName: string | null;
  targetSnapshotId: string | null;
  targetSnapshotName: string | null;
  /** Sealed. */
  credentialSecret: string;
  /** JSON of what the instance sets itself. */
  settings: string;
  /** JSON of what its process was started with; null until one was. */
  startedWith: string | null;
  createdAt: string;
}

export interface VariableRow {
  name: string;
  /** Sealed when secret. */
  value: string;
  secret: boolean;
}

const COLUMNS = {
  id: 'i.id',
  name: 'i.name',
  description: 'i.description',
  teamId: 'i.team_id',
  applicationId: 'i.application_id',
  applicationName: 'a.name',
  instanceTypeId: 'i.instance_type_id',
  instanceTypeName: 'y.name',
  memoryMb: 'y.memory_mb',
  cpuLimit: 'y.cpu_limit',
  stackId: 'i.stack_id',
  stackName: 'k.name',
  stackNodeRed: 'k.node_red',
  stackNodeJs: 'k.node_js',
  stackUpdateId: 'ku.id',
  stackUpdateName: 'ku.name',
  changeId: 'c.id',
  changeState: 'c.state',
  changeStack: 'c.to_stack',
  changeType: 'c.to_type',
  changeAuthor: 'c.author',
  trialOf: 'i.trial_of',
  trialOfName: 'o.name',
  trialUntil: 'i.trial_until',
  templateId: 'i.template_id',
  templateName: 'l.name',
  templateContent: 'lv.content',
  blueprintId: 'i.blueprint_id',
  blueprintName: 'bp.name',
  blueprintVersion: 'i.blueprint_version',
  blueprintNewest: 'bp.version',
  desired: 'i.desired',
  restarts: 'i.restarts',
  unheldRestarts: 'i.unheld_restarts',
  folder: 'i.folder',
  state: 'i.state',
  step: 'i.step',
  reason: 'i.reason',
  since: 'i.since',
  flowsRevision: 'i.flows_revision',
  leftOut: 'i.left_out',
  flowsDigest: 'i.flows_digest',
  credentialsDigest: 'i.credentials_digest',
  modules: 'i.modules',
  lockDigest: 'i.lock_digest',
  flowsChangedAt: 'i.flows_changed_at',
  flowsChangedBy: 'i.flows_changed_by',
  runningSnapshotId: 'i.running_snapshot_id',
  runningSnapshotName: 'rs.name',
  targetSnapshotId: 'i.target_snapshot_id',
  targetSnapshotName: 'ts.name',
  credentialSecret: 'i.credential_secret',
  settings: 'i.settings',
  startedWith: 'i.started_with',
  createdAt: 'i.created_at',
};

/** What a new instance is made of. */
export type NewInstance = Pick<
  InstanceRow,
  | 'id'
  | 'name'
  | 'description'
  | 'teamId'
  | 'applicationId'
  | 'instanceTypeId'
  | 'stackId'
  | 'templateId'
  | 'desired'
  | 'state'
  | 'flowsDigest'
  | 'credentialSecret'
  | 'createdAt'
> &
  Partial<
    Pick<
      InstanceRow,
      | 'credentialsDigest'
      | 'modules'
      | 'lockDigest'
      | 'settings'
      | 'flowsRevision'
      | 'flowsChangedAt'
      | 'blueprintId'
      | 'blueprintVersion'
    >
  > & { flowsChangedBy?: string };

/** A change of what an instance runs. */
export interface FlowsChange {
  flowsDigest: string;
  credentialsDigest: string | null;
  /** Left out when they stay as they are. */
  palette?: Pick<InstanceRow, 'modules' | 'lockDigest'>;
  changedBy: string;
  changedAt: string;
  runningSnapshotId: string | null;
}

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
    return (await this.#present().where('i.id', id).first<InstanceRow>(COLUMNS)) ?? null;
  }

  /** Until the end of the transaction nobody else gives it other settings or another template. */
  async lock(id: string): Promise<void> {
    await this.#knex('instances').where({ id }).forUpdate().first('id');
  }

  /** Also one in the recycle bin or of a team that stands still, with what the driver makes of it now. */
  async findForDriver(id: string): Promise<InstanceRow | null> {
    const row = await this.#joined()
      .join('teams as t', 't.id', 'i.team_id')
      .where('i.id', id)
      .first<(InstanceRow & Held) | undefined>({
        ...COLUMNS,
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
    return this.#present().whereIn('i.id', ids).select<InstanceRow[]>(COLUMNS);
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
      select: (builder) => builder.select(COLUMNS),
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
      .select({ ...COLUMNS, teamName: 't.name' });
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
    return this.#joined().whereNull('i.deleted_at');
  }

  #joined(): Knex.QueryBuilder {
    return this.#knex('instances as i')
      .join('applications as a', 'a.id', 'i.application_id')
      .join('instance_types as y', 'y.id', 'i.instance_type_id')
      .join('stacks as k', 'k.id', 'i.stack_id')
      .join('templates as l', 'l.id', 'i.template_id')
      .leftJoin('template_versions as lv', (join) =>
        join.on('lv.template_id', 'l.id').andOn('lv.version', 'l.version'),
      )
      .leftJoin('stacks as ku', (join) =>
        join.on('ku.id', 'k.replaced_by').andOnVal('ku.state', 'ready').andOnVal('ku.is_active', true),
      )
      .leftJoin('instance_changes as c', (join) =>
        join.on('c.instance_id', 'i.id').andOnNull('c.finished_at'),
      )
      .leftJoin('blueprints as bp', (join) =>
        join
          .on('bp.id', 'i.blueprint_id')
          .andOn((on) => on.onNull('bp.team_id').orOn('bp.team_id', 'i.team_id')),
      )
      .leftJoin('instances as o', 'o.id', 'i.trial_of')
      .leftJoin('snapshots as rs', (join) =>
        join.on('rs.id', 'i.running_snapshot_id').onNull('rs.deleted_at'),
      )
      .leftJoin('snapshots as ts', 'ts.id', 'i.target_snapshot_id');
  }
}
