import {
  type DeploymentState,
  type DeploymentTargetState,
  type ListQuery,
  type Page,
  UNFINISHED_DEPLOYMENTS,
} from '@flowyard/protocol';
import type { Knex } from 'knex';
import { readPage } from '../../db/paging.ts';

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
  createdAt: string;
  finishedAt: string | null;
}

export interface DeploymentTargetRow {
  deploymentId: string;
  kind: 'instance' | 'device';
  targetId: string;
  name: string;
  wave: number;
  state: DeploymentTargetState;
  reason: string | null;
  /** What ran there before, to go back to. */
  previousSnapshotId: string | null;
}

export type TargetState = Pick<DeploymentTargetRow, 'targetId' | 'state' | 'reason'>;

const COLUMNS = {
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
  createdAt: 'd.created_at',
  finishedAt: 'd.finished_at',
};
const TARGET_COLUMNS = {
  deploymentId: 't.deployment_id',
  kind: 't.kind',
  targetId: 't.target_id',
  name: 't.name',
  wave: 't.wave',
  state: 't.state',
  reason: 't.reason',
  previousSnapshotId: 't.previous_snapshot_id',
};
export const UNFINISHED: DeploymentState[] = [...UNFINISHED_DEPLOYMENTS];
/** States in which the runner has something to do. */
const CARRIED_ON: DeploymentState[] = ['waiting', 'running', 'paused', 'halted'];
const BATCH = 500;

export class DeploymentStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  async insert(deployment: DeploymentRow, targets: DeploymentTargetRow[]): Promise<void> {
    await this.#knex('deployments').insert({
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
      state: deployment.state,
      message: deployment.message,
      author: deployment.author,
      author_id: deployment.authorId,
      created_at: deployment.createdAt,
      finished_at: deployment.finishedAt,
    });
    const rows = targets.map((target) => ({
      deployment_id: target.deploymentId,
      kind: target.kind,
      target_id: target.targetId,
      name: target.name,
      wave: target.wave,
      state: target.state,
      reason: target.reason,
      previous_snapshot_id: target.previousSnapshotId,
    }));
    await this.#knex.batchInsert('deployment_targets', rows, BATCH);
  }

  async find(id: string): Promise<DeploymentRow | null> {
    return (await this.#knex('deployments as d').where('d.id', id).first<DeploymentRow>(COLUMNS)) ?? null;
  }

  list(pipelineId: string, query: ListQuery): Promise<Page<DeploymentRow>> {
    return readPage<DeploymentRow>(this.#knex('deployments as d').where('d.pipeline_id', pipelineId), {
      query,
      id: 'd.id',
      order: 'desc',
      search: ['d.snapshot_name', 'd.author', 'd.to_name'],
      cursorOf: (row) => [row.id, row.id],
      select: (builder) => builder.select(COLUMNS),
    });
  }

  /** The newest deployments of a team outside these applications. */
  recent(teamId: string, hidden: string[], limit: number): Promise<DeploymentRow[]> {
    return this.#knex('deployments as d')
      .where('d.team_id', teamId)
      .whereNotIn('d.application_id', hidden)
      .orderBy('d.id', 'desc')
      .limit(limit)
      .select<DeploymentRow[]>(COLUMNS);
  }

  /** The newest deployment of each of these pipelines. */
  async newestOf(pipelineIds: string[]): Promise<DeploymentRow[]> {
    const newest = this.#knex('deployments')
      .whereIn('pipeline_id', pipelineIds)
      .groupBy('pipeline_id')
      .max('id');
    return this.#knex('deployments as d').whereIn('d.id', newest).select<DeploymentRow[]>(COLUMNS);
  }

  async unfinishedIds(): Promise<string[]> {
    const rows: Array<{ id: string }> = await this.#knex('deployments')
      .whereIn('state', CARRIED_ON)
      .orderBy('id')
      .select('id');
    return rows.map((row) => row.id);
  }

  /** The unfinished deployment into a stage, if there is one. */
  async unfinishedInto(stageId: string): Promise<DeploymentRow | null> {
    const unfinished = this.#knex('deployments as d')
      .where('d.to_stage_id', stageId)
      .whereIn('d.state', UNFINISHED);
    return (await unfinished.first<DeploymentRow>(COLUMNS)) ?? null;
  }

  /** Unfinished deployments that any of these runtimes is a target of. */
  async unfinishedOn(targetIds: readonly string[]): Promise<Set<string>> {
    const found = new Set<string>();
    for (let start = 0; start < targetIds.length; start += BATCH) {
      const rows: Array<{ id: string }> = await this.#knex('deployments as d')
        .join('deployment_targets as t', 't.deployment_id', 'd.id')
        .whereIn('d.state', CARRIED_ON)
        .whereIn('t.target_id', targetIds.slice(start, start + BATCH))
        .distinct('d.id');
      for (const { id } of rows) {
        found.add(id);
      }
    }
    return found;
  }

  targetsOf(deploymentIds: string[]): Promise<DeploymentTargetRow[]> {
    return this.#knex('deployment_targets as t')
      .whereIn('t.deployment_id', deploymentIds)
      .orderBy([{ column: 't.wave' }, { column: 't.name' }, { column: 't.target_id' }])
      .select<DeploymentTargetRow[]>(TARGET_COLUMNS);
  }

  /**
   * Takes a deployment from one state to the next; false when it was not in that state any more. Whoever wants to
   * act on the change asks this first: of two at once only one may.
   */
  async advance(
    id: string,
    from: DeploymentState[],
    to: { state: DeploymentState; message: string | null; finishedAt: string | null },
  ): Promise<boolean> {
    const changed = await this.#knex('deployments')
      .where({ id })
      .whereIn('state', from)
      .update({ state: to.state, message: to.message, finished_at: to.finishedAt });
    return changed === 1;
  }

  /** Of a whole fleet most stand alike: those are written together. */
  async setTargets(deploymentId: string, targets: readonly TargetState[]): Promise<void> {
    const alike = new Map<string, { state: DeploymentTargetState; reason: string | null; ids: string[] }>();
    for (const { targetId, state, reason } of targets) {
      const key = JSON.stringify([state, reason]);
      const group = alike.get(key) ?? { state, reason, ids: [] };
      group.ids.push(targetId);
      alike.set(key, group);
    }
    for (const { state, reason, ids: all } of alike.values()) {
      for (let start = 0; start < all.length; start += BATCH) {
        const ids = all.slice(start, start + BATCH);
        await this.#knex('deployment_targets')
          .where({ deployment_id: deploymentId })
          .whereIn('target_id', ids)
          .update({ state, reason });
      }
    }
  }

  /** What a target goes back to when it fails. */
  async setPrevious(deploymentId: string, targetId: string, snapshotId: string): Promise<void> {
    await this.#knex('deployment_targets')
      .where({ deployment_id: deploymentId, target_id: targetId })
      .update({ previous_snapshot_id: snapshotId });
  }
}
