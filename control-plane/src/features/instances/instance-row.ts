import type { Desired, InstanceChangeState, InstanceState } from '@flowyard/protocol';
import type { Knex } from 'knex';

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

/** The columns of an instance and of what it is joined with. */
export const INSTANCE_COLUMNS = {
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

/** What a new instance may begin with. */
export type FirstContent = Pick<
  InstanceRow,
  | 'flowsDigest'
  | 'credentialsDigest'
  | 'modules'
  | 'lockDigest'
  | 'settings'
  | 'flowsRevision'
  | 'flowsChangedAt'
  | 'blueprintId'
  | 'blueprintVersion'
>;

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
  Partial<FirstContent> & { flowsChangedBy?: string };

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

/** Instances with what they are made of and run. */
export function joinedInstances(knex: Knex): Knex.QueryBuilder {
  return knex('instances as i')
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
    .leftJoin('instance_changes as c', (join) => join.on('c.instance_id', 'i.id').andOnNull('c.finished_at'))
    .leftJoin('blueprints as bp', (join) =>
      join
        .on('bp.id', 'i.blueprint_id')
        .andOn((on) => on.onNull('bp.team_id').orOn('bp.team_id', 'i.team_id')),
    )
    .leftJoin('instances as o', 'o.id', 'i.trial_of')
    .leftJoin('snapshots as rs', (join) => join.on('rs.id', 'i.running_snapshot_id').onNull('rs.deleted_at'))
    .leftJoin('snapshots as ts', 'ts.id', 'i.target_snapshot_id');
}
