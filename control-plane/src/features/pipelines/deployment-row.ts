import { DEFAULT_ROLLOUT, type DeploymentState, type RolloutPolicy } from '@flowyard/protocol';

export interface DeploymentRow {
  id: string;
  teamId: string;
  applicationId: string;
  pipelineId: string;
  fromStageId: string;
  fromName: string;
  toStageId: string;
  toName: string;
  snapshotId: string;
  snapshotName: string;
  state: DeploymentState;
  message: string | null;
  author: string;
  authorId: string;
  policy: RolloutPolicy;
  startAt: string | null;
  waitsUntil: string | null;
  /** Whether its targets are on their way back to what they ran before. */
  returning: boolean;
  wave: number;
  /** Since when all targets of the wave are through. */
  waveDoneAt: string | null;
  /** Failures that do not count any more, since somebody resumed the run. */
  forgiven: number;
  /** What the device or the group that it goes to had for a target before. */
  previousTargetId: string | null;
  /** Whether a push had brought that. */
  previousPushed: boolean;
  /** The deployment that it runs again. */
  againOf: string | null;
  /** Who approved it, where that was asked for, and when. */
  approver: string | null;
  approvedAt: string | null;
  /** Grows with each change: whoever decides on an old one has to look again. */
  revision: number;
  createdAt: string;
  finishedAt: string | null;
}

/** What changes while a deployment is carried out. */
export type DeploymentProgress = Pick<
  DeploymentRow,
  | 'state'
  | 'message'
  | 'waitsUntil'
  | 'returning'
  | 'wave'
  | 'waveDoneAt'
  | 'forgiven'
  | 'policy'
  | 'finishedAt'
>;

export type StoredDeployment = Omit<DeploymentRow, 'policy' | 'returning'> & {
  policy: string | null;
  returning: unknown;
};

export const DEPLOYMENT_COLUMNS = {
  id: 'd.id',
  teamId: 'd.team_id',
  applicationId: 'd.application_id',
  pipelineId: 'd.pipeline_id',
  fromStageId: 'd.from_stage_id',
  fromName: 'd.from_name',
  toStageId: 'd.to_stage_id',
  toName: 'd.to_name',
  snapshotId: 'd.snapshot_id',
  snapshotName: 'd.snapshot_name',
  state: 'd.state',
  message: 'd.message',
  author: 'd.author',
  authorId: 'd.author_id',
  policy: 'd.policy',
  startAt: 'd.start_at',
  waitsUntil: 'd.waits_until',
  returning: 'd.returning',
  wave: 'd.wave',
  waveDoneAt: 'd.wave_done_at',
  forgiven: 'd.forgiven',
  previousTargetId: 'd.previous_target_id',
  previousPushed: 'd.previous_pushed',
  againOf: 'd.again_of',
  approver: 'd.approver',
  approvedAt: 'd.approved_at',
  revision: 'd.revision',
  createdAt: 'd.created_at',
  finishedAt: 'd.finished_at',
};

export function readDeployment(row: StoredDeployment): DeploymentRow {
  return {
    ...row,
    policy: readPolicy(row.policy),
    returning: Boolean(row.returning),
    previousPushed: Boolean(row.previousPushed),
  };
}

/** A stored policy; one from before there was a setting has its default. */
export function readPolicy(stored: string | null): RolloutPolicy {
  return stored === null ? DEFAULT_ROLLOUT : { ...DEFAULT_ROLLOUT, ...JSON.parse(stored) };
}
