import type { AuditEntryView } from '@flowyard/protocol';
import type { StoredAuditEntry } from './store.ts';

export function presentAuditEntry(row: StoredAuditEntry): AuditEntryView {
  return {
    id: row.id,
    at: row.at,
    event: row.event,
    actor: { kind: row.actorKind, id: row.actorId, name: row.actorName },
    via: row.via,
    address: row.address,
    teamId: row.teamId,
    applicationId: row.applicationId,
    subject: { kind: row.subjectKind, id: row.subjectId, name: row.subjectName },
    details: JSON.parse(row.details),
  };
}
