import type { TimelineEntry } from '@flowyard/protocol';
import type { TimelineRow } from './store.ts';
import { kindOfEvent } from './timeline-events.ts';

const LONGEST = 300;

/** What of them was changed, a reason or a snapshot: what tells one event from others of its kind. */
function textOf(details: Record<string, unknown>): string {
  const { names, before, after, reason, snapshot, revision } = details;
  const text =
    (Array.isArray(names) ? names.join(', ') : changedNames(before, after)) ||
    [reason, snapshot].find((value) => typeof value === 'string') ||
    (typeof revision === 'number' ? `revision ${revision}` : '');
  // A reason goes on with the end of the log.
  const [line = ''] = String(text).split('\n');
  return line.slice(0, LONGEST);
}

/** Names that are listed on one side only, or whose values differ. */
function changedNames(before: unknown, after: unknown): string {
  if (Array.isArray(before) && Array.isArray(after)) {
    const only = (names: unknown[], others: unknown[]) => names.filter((name) => !others.includes(name));
    return [...only(after, before), ...only(before, after)].join(', ');
  }
  if (!isObject(before) || !isObject(after)) {
    return '';
  }
  const names = [...new Set([...Object.keys(after), ...Object.keys(before)])];
  return names.filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name])).join(', ');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** Pushes of pipelines in other applications are shown without a way to them. */
export function presentTimelineRow(row: TimelineRow, applicationId: string | null): TimelineEntry {
  const base = { id: row.id, at: row.at, actor: row.actor };
  if (row.deploymentId) {
    const isHere = row.applicationId === applicationId;
    return {
      ...base,
      kind: 'push',
      event: 'stage.pushed',
      text: row.name ?? '',
      snapshotId: null,
      deploymentId: isHere ? row.deploymentId : null,
    };
  }
  if (row.snapshotId) {
    return {
      ...base,
      kind: 'snapshot',
      event: 'snapshot.created',
      text: row.name ?? '',
      snapshotId: row.snapshotId,
      deploymentId: null,
    };
  }
  return {
    ...base,
    kind: kindOfEvent(row.event),
    event: row.event,
    text: textOf(JSON.parse(row.details ?? '{}')),
    snapshotId: null,
    deploymentId: null,
  };
}
