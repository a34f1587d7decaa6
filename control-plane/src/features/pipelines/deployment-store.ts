import { type DeploymentState, type ListQuery, type Page, UNFINISHED_DEPLOYMENTS } from '@flowyard/protocol';
import type { Knex } from 'knex';
import { mapPage, readPage } from '../../db/paging.ts';
import {
  DEPLOYMENT_COLUMNS,
  type DeploymentProgress,
  type DeploymentRow,
  readDeployment,
  type StoredDeployment,
} from './deployment-row.ts';
import type { StageRow } from './store.ts';

/** States in which the runner has something to do. */
const CARRIED_ON: DeploymentState[] = ['waiting', 'running', 'paused', 'halted'];
const STAGE_COLUMN = {
  instance: 's.instance_id',
  device: 's.device_id',
  'device-group': 's.device_group_id',
};

/** The right to carry a deployment on, as a process claims it. */
export interface LeaseClaim {
  owner: string;
  now: string;
  until: string;
}

export class DeploymentStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  /** `claim`: a process carries it on from the beginning. */
  async insert(deployment: DeploymentRow, claim: LeaseClaim | null = null): Promise<void> {
    await this.#knex('deployments').insert({
      ...(claim && leaseColumns(claim)),
      id: deployment.id,
      team_id: deployment.teamId,
      application_id: deployment.applicationId,
      pipeline_id: deployment.pipelineId,
      from_stage_id: deployment.fromStageId,
      from_name: deployment.fromName,
      to_stage_id: deployment.toStageId,
      to_name: deployment.toName,
      snapshot_id: deployment.snapshotId,
      snapshot_name: deployment.snapshotName,
      author: deployment.author,
      author_id: deployment.authorId,
      start_at: deployment.startAt,
      previous_target_id: deployment.previousTargetId,
      previous_pushed: deployment.previousPushed,
      again_of: deployment.againOf,
      revision: deployment.revision,
      created_at: deployment.createdAt,
      ...columnsOf(deployment),
    });
  }

  async find(id: string): Promise<DeploymentRow | null> {
    const row = await this.#rows().where('d.id', id).first<StoredDeployment>(DEPLOYMENT_COLUMNS);
    return row ? readDeployment(row) : null;
  }

  async list(pipelineId: string, query: ListQuery): Promise<Page<DeploymentRow>> {
    const page = await readPage<StoredDeployment>(this.#rows().where('d.pipeline_id', pipelineId), {
      query,
      id: 'd.id',
      order: 'desc',
      search: ['d.snapshot_name', 'd.author', 'd.to_name'],
      cursorOf: (row) => [row.id, row.id],
      select: (builder) => builder.select(DEPLOYMENT_COLUMNS),
    });
    return mapPage(page, readDeployment);
  }

  async setApprover(id: string, approver: { id: string; name: string }, at: string): Promise<void> {
    await this.#knex('deployments')
      .where({ id })
      .update({ approver: approver.name, approver_id: approver.id, approved_at: at });
  }

  /** The newest deployments of a team outside these applications. */
  recent(teamId: string, hidden: string[], limit: number): Promise<DeploymentRow[]> {
    return this.#read(
      this.#rows()
        .where('d.team_id', teamId)
        .whereNotIn('d.application_id', hidden)
        .orderBy('d.id', 'desc')
        .limit(limit),
    );
  }

  /** Deployments of a team outside these applications that are in one of these states, newest first. */
  inStates(teamId: string, hidden: string[], states: readonly DeploymentState[]): Promise<DeploymentRow[]> {
    return this.#read(
      this.#rows()
        .where('d.team_id', teamId)
        .whereIn('d.state', states)
        .whereNotIn('d.application_id', hidden)
        .orderBy('d.id', 'desc'),
    );
  }

  /** The newest deployment of each of these pipelines. */
  newestOf(pipelineIds: string[]): Promise<DeploymentRow[]> {
    const newest = this.#knex('deployments')
      .whereIn('pipeline_id', pipelineIds)
      .groupBy('pipeline_id')
      .max('id');
    return this.#read(this.#rows().whereIn('d.id', newest));
  }

  /** Those that are to be carried on, and nobody else does. */
  async toCarryOn(owner: string, now: string): Promise<string[]> {
    const rows: Array<{ id: string }> = await this.#knex('deployments')
      .whereIn('state', CARRIED_ON)
      .where(isFreeFor({ owner, now }))
      .orderBy('id')
      .select('id');
    return rows.map((row) => row.id);
  }

  /** The unfinished deployment into a place, through whatever pipeline. */
  async unfinishedInto(target: StageRow['target']): Promise<DeploymentRow | null> {
    const row = await this.#rows()
      .join('stages as s', 's.id', 'd.to_stage_id')
      .where(STAGE_COLUMN[target.kind], target.id)
      .whereIn('d.state', UNFINISHED_DEPLOYMENTS)
      .first<StoredDeployment>(DEPLOYMENT_COLUMNS);
    return row ? readDeployment(row) : null;
  }

  /** The newest deployment into a place. */
  async newestInto(target: StageRow['target']): Promise<DeploymentRow | null> {
    const row = await this.#rows()
      .join('stages as s', 's.id', 'd.to_stage_id')
      .where(STAGE_COLUMN[target.kind], target.id)
      .orderBy('d.id', 'desc')
      .first<StoredDeployment>(DEPLOYMENT_COLUMNS);
    return row ? readDeployment(row) : null;
  }

  /** Takes or renews the right to carry a deployment on; false while another process has it. */
  async hold(id: string, claim: LeaseClaim): Promise<boolean> {
    const held = await this.#knex('deployments')
      .where({ id })
      .where(isFreeFor(claim))
      .update(leaseColumns(claim));
    return held === 1;
  }

  /** Another process may go on at once with what this one carried on. */
  async releaseAll(owner: string): Promise<void> {
    await this.#knex('deployments')
      .where({ lease_owner: owner })
      .whereIn('state', CARRIED_ON)
      .update({ lease_owner: null, lease_until: null });
  }

  /** Waits for whoever changes the deployment now. */
  async lock(id: string): Promise<void> {
    await this.#knex('deployments').where({ id }).update({ id });
  }

  /**
   * Takes a deployment further; false when somebody else changed it since that revision, or another process has the
   * right that is claimed. Whoever wants to act on the change asks this first: of two at once only one may.
   */
  async advance(
    { id, revision }: Pick<DeploymentRow, 'id' | 'revision'>,
    to: DeploymentProgress,
    claim: LeaseClaim | null = null,
  ): Promise<boolean> {
    const rows = this.#knex('deployments').where({ id, revision });
    const changed = await (claim ? rows.where(isFreeFor(claim)) : rows).update({
      ...columnsOf(to),
      ...(claim && leaseColumns(claim)),
      revision: revision + 1,
    });
    return changed === 1;
  }

  #rows(): Knex.QueryBuilder {
    return this.#knex('deployments as d');
  }

  async #read(query: Knex.QueryBuilder): Promise<DeploymentRow[]> {
    const rows = await query.select<StoredDeployment[]>(DEPLOYMENT_COLUMNS);
    return rows.map(readDeployment);
  }
}

function isFreeFor({ owner, now }: Pick<LeaseClaim, 'owner' | 'now'>) {
  return (rows: Knex.QueryBuilder) =>
    void rows.whereNull('lease_until').orWhere('lease_until', '<', now).orWhere({ lease_owner: owner });
}

function leaseColumns({ owner, until }: LeaseClaim) {
  return { lease_owner: owner, lease_until: until };
}

function columnsOf(progress: DeploymentProgress): Record<string, unknown> {
  return {
    state: progress.state,
    message: progress.message,
    policy: JSON.stringify(progress.policy),
    waits_until: progress.waitsUntil,
    returning: progress.returning,
    wave: progress.wave,
    wave_done_at: progress.waveDoneAt,
    forgiven: progress.forgiven,
    finished_at: progress.finishedAt,
  };
}
