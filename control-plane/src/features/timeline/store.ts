import type { TimelineQuery } from '@flowyard/protocol';
import type { Knex } from 'knex';
import { eventsOf } from './timeline-events.ts';

export interface TimelineOwner {
  kind: 'instance' | 'device';
  id: string;
  teamId: string;
}

/** One thing that happened, from whichever table. */
export interface TimelineRow {
  id: string;
  at: string;
  event: string;
  actor: string;
  /** The name of the snapshot; null for events of the audit log. */
  name: string | null;
  /** JSON of the details of an event of the audit log. */
  details: string | null;
  snapshotId: string | null;
  deploymentId: string | null;
  /** Of the push. */
  applicationId: string | null;
}

/** Reads what happened to an instance or device. Identifiers sort by time in all tables alike, so one cursor is enough. */
export class TimelineStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  /** One more than `limit` when there is more. */
  async list(owner: TimelineOwner, query: TimelineQuery): Promise<TimelineRow[]> {
    const sources = [
      this.#events(owner, query),
      ...(isAsked(query, 'snapshot') ? [this.#snapshots(owner)] : []),
      ...(isAsked(query, 'push') ? [this.#pushes(owner)] : []),
    ];
    const found = await Promise.all(
      sources.map(({ rows, id }) => {
        const limited = query.before === undefined ? rows : rows.where(id, '<', query.before);
        return limited.orderBy(id, 'desc').limit(query.limit + 1) as unknown as Promise<TimelineRow[]>;
      }),
    );
    return found
      .flat()
      .sort((a, b) => (a.id < b.id ? 1 : -1))
      .slice(0, query.limit + 1);
  }

  #events({ kind, id }: TimelineOwner, query: TimelineQuery) {
    const rows = this.#knex('audit_entries as e')
      .where({ 'e.subject_kind': kind, 'e.subject_id': id })
      .whereIn('e.event', eventsOf(query.kind))
      .select({ id: 'e.id', at: 'e.at', event: 'e.event', actor: 'e.actor_name', details: 'e.details' });
    return { rows, id: 'e.id' };
  }

  #snapshots({ kind, id }: TimelineOwner) {
    const rows = this.#knex('snapshots as s')
      .where(kind === 'instance' ? 's.instance_id' : 's.device_id', id)
      .whereNull('s.deleted_at')
      .select({ id: 's.id', at: 's.created_at', actor: 's.author', name: 's.name', snapshotId: 's.id' });
    return { rows, id: 's.id' };
  }

  #pushes({ kind, id, teamId }: TimelineOwner) {
    const rows = this.#knex('deployment_targets as t')
      .join('deployments as d', 'd.id', 't.deployment_id')
      .join('snapshots as s', 's.id', 'd.snapshot_id')
      .where({ 'd.team_id': teamId, 't.kind': kind, 't.target_id': id })
      .select({
        id: 'd.id',
        at: 'd.created_at',
        actor: 'd.author',
        name: 's.name',
        deploymentId: 'd.id',
        applicationId: 'd.application_id',
      });
    return { rows, id: 'd.id' };
  }
}

function isAsked({ kind }: TimelineQuery, source: 'snapshot' | 'push'): boolean {
  return kind === undefined || kind === source;
}
