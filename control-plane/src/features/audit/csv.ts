import { stringify } from 'csv-stringify/sync';
import type { StoredAuditEntry } from './store.ts';

const COLUMNS = [
  'at',
  'event',
  'who',
  'kind',
  'via',
  'address',
  'team',
  'application',
  'on',
  'name',
  'id',
  'before',
  'after',
  'details',
] as const;

/** Office programs take a cell that starts so for a formula, and a name may be chosen by anybody. */
const FORMULA = /^[=+\-@\t\r]/;

function cell(value: unknown): string {
  const text =
    value === undefined || value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value);
  return FORMULA.test(text) ? `'${text}` : text;
}

export function csvHead(): string {
  return stringify([[...COLUMNS]]);
}

export function csvRows(entries: readonly StoredAuditEntry[]): string {
  return stringify(
    entries.map((entry) => {
      const { before, after, ...details } = JSON.parse(entry.details) as Record<string, unknown>;
      return [
        entry.at,
        entry.event,
        entry.actorName,
        entry.actorKind,
        entry.via,
        entry.address,
        entry.teamId,
        entry.applicationId,
        entry.subjectKind,
        entry.subjectName,
        entry.subjectId,
        before,
        after,
        Object.keys(details).length === 0 ? '' : details,
      ].map(cell);
    }),
  );
}
