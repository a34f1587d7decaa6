import { AUDIT_EVENTS, type AuditVia } from '@flowyard/protocol';

/** What people choose; empty fields do not filter. Dates are days in their own time zone. */
export interface AuditFilter {
  event: string | null;
  via: AuditVia | null;
  from: string;
  to: string;
}

export const NO_FILTER: AuditFilter = { event: null, via: null, from: '', to: '' };

export const VIA_WORDS: Record<AuditVia, string> = {
  page: 'on the page',
  token: 'with a token',
  editor: 'in the editor',
  agent: 'by its agent',
  system: 'by itself',
};

/** What events are about: the word before the dot. */
export const CONCEPTS = [
  ...new Set([...Object.keys(AUDIT_EVENTS).map((event) => event.split('.')[0] ?? ''), 'editor']),
].sort();

function startOf(day: string, addDays: number): string | null {
  const [year, month, date] = day.split('-').map(Number);
  if (year === undefined || month === undefined || date === undefined || Number.isNaN(date)) {
    return null;
  }
  return new Date(year, month - 1, date + addDays).toISOString();
}

/** The filter as the API takes it; the last day counts as a whole. */
export function auditQueryOf(filter: AuditFilter) {
  const from = startOf(filter.from ?? '', 0);
  const to = startOf(filter.to ?? '', 1);
  return {
    ...(filter.event && { event: filter.event }),
    ...(filter.via && { via: filter.via }),
    ...(from !== null && { from }),
    ...(to !== null && { to }),
  };
}
