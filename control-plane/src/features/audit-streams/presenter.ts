import type { AuditStreamView } from '@flowyard/protocol';
import type { AuditStreamRow } from './store.ts';

export function presentAuditStream(row: AuditStreamRow, waiting: number): AuditStreamView {
  const { lastSequence, lastEntryAt, deliveredAt, failingSince } = row;
  return {
    id: row.id,
    name: row.name,
    url: row.url,
    active: row.active,
    createdAt: row.createdAt,
    lastDelivered:
      lastSequence === null || lastEntryAt === null || deliveredAt === null
        ? null
        : { sequence: lastSequence, entryAt: lastEntryAt, at: deliveredAt },
    waiting,
    failing:
      failingSince === null
        ? null
        : {
            since: failingSince,
            attempts: row.attempts,
            error: row.error ?? '',
            nextAt: row.active ? row.nextAt : null,
          },
  };
}
