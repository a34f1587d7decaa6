import type { DeploymentTargetState, ListQuery, Page } from '@flowyard/protocol';
import type { Knex } from 'knex';
import { type Fields, rowsOf, selectAll, whereAmong } from '../../db/many.ts';
import { readPage } from '../../db/paging.ts';
import { newId } from '../../ids.ts';

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
  toldAt: string | null;
  changedAt: string | null;
}

export type TargetState = Pick<DeploymentTargetRow, 'targetId' | 'state' | 'reason'>;

export interface TargetTally {
  deploymentId: string;
  wave: number;
  state: DeploymentTargetState;
  count: number;
}

export interface DeploymentStepRow {
  id: string;
  at: string;
  text: string;
}

/** Targets that are written in the same way. */
interface Alike {
  columns: Record<string, unknown>;
  ids: string[];
}

const COLUMNS = {
  deploymentId: 't.deployment_id',
  kind: 't.kind',
  targetId: 't.target_id',
  name: 't.name',
  wave: 't.wave',
  state: 't.state',
  reason: 't.reason',
  previousSnapshotId: 't.previous_snapshot_id',
  toldAt: 't.told_at',
  changedAt: 't.changed_at',
};
const TYPES: Fields<DeploymentTargetRow> = {
  deploymentId: 'text',
  kind: 'text',
  targetId: 'text',
  name: 'text',
  wave: 'integer',
  state: 'text',
  reason: 'text',
  previousSnapshotId: 'text',
  toldAt: 'text',
  changedAt: 'text',
};
const WORST_FIRST = `case t.state when 'failed' then 0 when 'updating' then 1 else 2 end`;

export const byText = (one: string, other: string) => Number(one > other) - Number(one < other);

/** In this order they are told. */
export function inTheirOrder(one: DeploymentTargetRow, other: DeploymentTargetRow): number {
  return one.wave - other.wave || byText(one.name, other.name) || byText(one.targetId, other.targetId);
}

/** The targets of deployments, and what each deployment did. */
export class DeploymentTargetStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  async insert(targets: readonly DeploymentTargetRow[]): Promise<void> {
    const fields = Object.entries(COLUMNS).map(([field, column]) => [field, column.replace('t.', '')]);
    await this.#knex.raw(
      `insert into deployment_targets (${fields.map(([, column]) => column).join(', ')})
       select ${fields.map(([field]) => `told."${field}"`).join(', ')} from ?`,
      [rowsOf(this.#knex, TYPES, targets)],
    );
  }

  async of(deploymentId: string): Promise<DeploymentTargetRow[]> {
    const targets = this.#rows().where('t.deployment_id', deploymentId);
    return (await selectAll<DeploymentTargetRow>(this.#knex, targets, COLUMNS)).sort(inTheirOrder);
  }

  list(
    deploymentId: string,
    query: ListQuery,
    only: { state?: DeploymentTargetState | undefined; changedSince?: string | undefined },
  ): Promise<Page<DeploymentTargetRow>> {
    const filtered = this.#rows().where('t.deployment_id', deploymentId);
    if (only.state !== undefined) {
      filtered.where('t.state', only.state);
    }
    if (only.changedSince !== undefined) {
      filtered.where('t.changed_at', '>=', only.changedSince);
    }
    return readPage<DeploymentTargetRow>(filtered, {
      query,
      sort: 't.name',
      id: 't.target_id',
      search: ['t.name', 't.reason'],
      cursorOf: (row) => [row.name, row.targetId],
      select: (builder) => builder.select(COLUMNS),
    });
  }

  /** How many targets of each wave of these deployments are in each state. */
  async tally(deploymentIds: readonly string[]): Promise<TargetTally[]> {
    const rows = await this.#rows()
      .whereIn('t.deployment_id', deploymentIds)
      .groupBy('t.deployment_id', 't.wave', 't.state')
      .count({ count: '*' })
      .select<TargetTally[]>({ deploymentId: 't.deployment_id', wave: 't.wave', state: 't.state' });
    return rows.map((row) => ({ ...row, count: Number(row.count) }));
  }

  /** The first targets of each of these deployments, those that failed before all others. */
  firstOf(deploymentIds: readonly string[], limit: number): Promise<DeploymentTargetRow[]> {
    const ranked = this.#rows()
      .whereIn('t.deployment_id', deploymentIds)
      .select(COLUMNS)
      .select(
        this.#knex.raw(
          `row_number() over (partition by t.deployment_id order by ${WORST_FIRST}, t.wave, t.name, t.target_id) as place`,
        ),
      );
    return this.#knex
      .from(ranked.as('ranked'))
      .where('place', '<=', limit)
      .orderBy('place')
      .select<DeploymentTargetRow[]>(Object.keys(COLUMNS));
  }

  /**
   * Of a whole fleet most stand alike: those are written together. `told` are told at that time, too; it is given back.
   * The deployment must get another revision with it.
   */
  async set(
    deploymentId: string,
    targets: readonly TargetState[],
    told: ReadonlySet<string> = new Set(),
  ): Promise<string> {
    const at = new Date().toISOString();
    const alike = new Map<string, Alike>();
    for (const { targetId, state, reason } of targets) {
      const isTold = told.has(targetId);
      const key = `${state} ${isTold} ${reason === null} ${reason}`;
      const group = alike.get(key);
      if (group === undefined) {
        const columns = { state, reason, changed_at: at, ...(isTold && { told_at: at }) };
        alike.set(key, { columns, ids: [targetId] });
      } else {
        group.ids.push(targetId);
      }
    }
    for (const { columns, ids } of alike.values()) {
      const rows = this.#knex('deployment_targets').where({ deployment_id: deploymentId });
      await whereAmong(this.#knex, rows, 'target_id', ids).update(columns);
    }
    return at;
  }

  /** What a target goes back to when it fails. */
  async setPrevious(deploymentId: string, targetId: string, snapshotId: string): Promise<void> {
    await this.#knex('deployment_targets')
      .where({ deployment_id: deploymentId, target_id: targetId })
      .update({ previous_snapshot_id: snapshotId });
  }

  async addSteps(deploymentId: string, texts: readonly string[]): Promise<void> {
    const now = Date.now();
    const rows = texts.map((text, index) => ({
      id: newId(now + index),
      deployment_id: deploymentId,
      at: new Date(now).toISOString(),
      text,
    }));
    if (rows.length > 0) {
      await this.#knex('deployment_steps').insert(rows);
    }
  }

  /** What a deployment did, newest first. */
  steps(deploymentId: string, query: ListQuery): Promise<Page<DeploymentStepRow>> {
    return readPage<DeploymentStepRow>(
      this.#knex('deployment_steps as p').where('p.deployment_id', deploymentId),
      {
        query,
        id: 'p.id',
        order: 'desc',
        search: ['p.text'],
        cursorOf: (row) => [row.id, row.id],
        select: (builder) => builder.select({ id: 'p.id', at: 'p.at', text: 'p.text' }),
      },
    );
  }

  #rows(): Knex.QueryBuilder {
    return this.#knex('deployment_targets as t');
  }
}
