import type { AuditEntryView } from '@flowyard/protocol';
import type { AuditRow } from './store.ts';

export function presentAuditEntry(row: AuditRow): AuditEntryView {
  return {
    id: row.id,
    at: row.at,
    event: row.event,
    actor: { kind: row.actorKind, id: row.actorId, name: row.actorName },
    via: row.via,
    applicationId: row.applicationId,
    subject: { kind: row.subjectKind, id: row.subjectId, name: row.subjectName },
    details: JSON.parse(row.details),
  };
}
