import type {
  ListQuery,
  MissingVariables,
  Page,
  RolloutPolicy,
  StageAction,
  StagePushers,
  StageTargetKind,
} from '@flowyard/protocol';
import type { Knex } from 'knex';
import { readPage } from '../../db/paging.ts';
import { readPolicy } from './deployment-row.ts';

export interface PipelineRow {
  id: string;
  applicationId: string;
  teamId: string;
  name: string;
  createdAt: string;
}

export interface StageRow {
  id: string;
  pipelineId: string;
  position: number;
  name: string;
  action: StageAction;
  pushers: StagePushers;
  approval: boolean;
  missingVariables: MissingVariables;
  rollout: RolloutPolicy;
  target: { kind: StageTargetKind; id: string };
}

/** What may be changed of a stage besides who is named for it. */
export type StageChanges = {
  [K in 'name' | 'action' | 'pushers' | 'approval' | 'missingVariables' | 'rollout' | 'position']?:
    | StageRow[K]
    | undefined;
};

/** Somebody who may push into a stage. */
export interface StagePerson {
  stageId: string;
  id: string;
  name: string;
}

interface RawStage extends Omit<StageRow, 'target' | 'rollout'> {
  rollout: string | null;
  instanceId: string | null;
  deviceId: string | null;
  deviceGroupId: string | null;
}

const PIPELINE_COLUMNS = {
  id: 'p.id',
  applicationId: 'p.application_id',
  teamId: 'a.team_id',
  name: 'p.name',
  createdAt: 'p.created_at',
};
const STAGE_COLUMNS = {
  id: 's.id',
  pipelineId: 's.pipeline_id',
  position: 's.position',
  name: 's.name',
  action: 's.action',
  pushers: 's.pushers',
  approval: 's.approval',
  missingVariables: 's.missing_variables',
  rollout: 's.rollout',
  instanceId: 's.instance_id',
  deviceId: 's.device_id',
  deviceGroupId: 's.device_group_id',
};

function toStage({ instanceId, deviceId, deviceGroupId, ...row }: RawStage): StageRow {
  const target: StageRow['target'] =
    instanceId !== null
      ? { kind: 'instance', id: instanceId }
      : deviceId !== null
        ? { kind: 'device', id: deviceId }
        : { kind: 'device-group', id: deviceGroupId ?? '' };
  return { ...row, approval: Boolean(row.approval), rollout: readPolicy(row.rollout), target };
}

export class PipelineStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  async insert(pipeline: {
    id: string;
    applicationId: string;
    name: string;
    createdAt: string;
  }): Promise<void> {
    await this.#knex('pipelines').insert({
      id: pipeline.id,
      application_id: pipeline.applicationId,
      name: pipeline.name,
      created_at: pipeline.createdAt,
    });
  }

  async find(id: string): Promise<PipelineRow | null> {
    return (await this.#joined().where('p.id', id).first<PipelineRow>(PIPELINE_COLUMNS)) ?? null;
  }

  list(
    filter: { applicationId: string } | { teamId: string; hidden: string[] },
    query: ListQuery,
  ): Promise<Page<PipelineRow>> {
    const filtered =
      'applicationId' in filter
        ? this.#joined().where('p.application_id', filter.applicationId)
        : this.#joined().where('a.team_id', filter.teamId).whereNotIn('a.id', filter.hidden);
    return readPage<PipelineRow>(filtered, {
      query,
      sort: 'p.name',
      id: 'p.id',
      search: ['p.name'],
      cursorOf: (row) => [row.name, row.id],
      select: (builder) => builder.select(PIPELINE_COLUMNS),
    });
  }

  async rename(id: string, name: string): Promise<void> {
    await this.#knex('pipelines').where({ id }).update({ name });
  }

  async delete(id: string): Promise<void> {
    await this.#knex('pipelines').where({ id }).delete();
  }

  stagesOf(pipelineIds: string[]): Promise<StageRow[]> {
    return this.#inOrder(this.#knex('stages as s').whereIn('s.pipeline_id', pipelineIds));
  }

  /** All stages of the pipeline of a stage, in their order; none when there is no such stage. */
  stagesBeside(id: string): Promise<StageRow[]> {
    const pipelineId = this.#knex('stages').where({ id }).select('pipeline_id');
    return this.#inOrder(this.#knex('stages as s').where('s.pipeline_id', pipelineId));
  }

  async #inOrder(stages: Knex.QueryBuilder): Promise<StageRow[]> {
    const rows = await stages
      .orderBy([{ column: 's.position' }, { column: 's.id' }])
      .select<RawStage[]>(STAGE_COLUMNS);
    return rows.map(toStage);
  }

  async findStage(id: string): Promise<StageRow | null> {
    const row = await this.#knex('stages as s').where('s.id', id).first<RawStage>(STAGE_COLUMNS);
    return row ? toStage(row) : null;
  }

  /** Pipelines in which a thing is a stage. */
  async pipelinesWith(
    target: StageRow['target'],
  ): Promise<Array<{ id: string; applicationId: string; teamId: string }>> {
    const column = { instance: 's.instance_id', device: 's.device_id', 'device-group': 's.device_group_id' }[
      target.kind
    ];
    return this.#joined()
      .join('stages as s', 's.pipeline_id', 'p.id')
      .where(column, target.id)
      .distinct({ id: 'p.id', applicationId: 'p.application_id', teamId: 'a.team_id' });
  }

  async insertStage(stage: StageRow): Promise<void> {
    await this.#knex('stages').insert({
      id: stage.id,
      pipeline_id: stage.pipelineId,
      position: stage.position,
      name: stage.name,
      action: stage.action,
      protected: stage.pushers !== 'members',
      pushers: stage.pushers,
      approval: stage.approval,
      missing_variables: stage.missingVariables,
      rollout: JSON.stringify(stage.rollout),
      instance_id: stage.target.kind === 'instance' ? stage.target.id : null,
      device_id: stage.target.kind === 'device' ? stage.target.id : null,
      device_group_id: stage.target.kind === 'device-group' ? stage.target.id : null,
    });
  }

  async updateStage(id: string, { missingVariables, rollout, ...changes }: StageChanges): Promise<void> {
    const columns = Object.fromEntries(
      Object.entries({
        ...changes,
        missing_variables: missingVariables,
        rollout: rollout && JSON.stringify(rollout),
        // Read by control planes of before, which may still run beside this one.
        protected: changes.pushers && changes.pushers !== 'members',
      }).filter(([, value]) => value !== undefined),
    );
    if (Object.keys(columns).length > 0) {
      await this.#knex('stages').where({ id }).update(columns);
    }
  }

  /** Those who are named for stages, by name. */
  peopleOf(stageIds: string[]): Promise<StagePerson[]> {
    return this.#knex('stage_people as p')
      .join('users as u', 'u.id', 'p.user_id')
      .whereIn('p.stage_id', stageIds)
      .orderBy('u.username')
      .select<StagePerson[]>({ stageId: 'p.stage_id', id: 'u.id', name: 'u.username' });
  }

  async setPeople(stageId: string, userIds: readonly string[]): Promise<void> {
    await this.#knex('stage_people').where({ stage_id: stageId }).delete();
    const rows = userIds.map((userId) => ({ stage_id: stageId, user_id: userId }));
    if (rows.length > 0) {
      await this.#knex('stage_people').insert(rows);
    }
  }

  /** Neighbouring stages of all pipelines of a team: what pushes lead from where to where. */
  async linksIn(teamId: string): Promise<Array<{ pipeline: string; from: string; to: string }>> {
    const rows = await this.#joined()
      .join('stages as s', 's.pipeline_id', 'p.id')
      .where('a.team_id', teamId)
      .orderBy(['p.id', 's.position', 's.id'])
      .select<Array<RawStage & { pipeline: string }>>({ ...STAGE_COLUMNS, pipeline: 'p.name' });
    return rows.flatMap((row, index) => {
      const next = rows[index + 1];
      return next?.pipelineId === row.pipelineId
        ? [{ pipeline: row.pipeline, from: toStage(row).target.id, to: toStage(next).target.id }]
        : [];
    });
  }

  async deleteStage(id: string): Promise<void> {
    await this.#knex('stages').where({ id }).delete();
  }

  #joined(): Knex.QueryBuilder {
    return this.#knex('pipelines as p').join('applications as a', 'a.id', 'p.application_id');
  }
}
