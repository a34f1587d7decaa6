import type { SnapshotView } from '@flowyard/protocol';

/** What the snapshot is to be called. */
export interface SnapshotRequest {
  name: string;
  description?: string;
}

const MAX_NAME = 120;
const MAX_DESCRIPTION = 2000;

function textOf(value: unknown): string {
  if (value === undefined || value === null) {
    return '';
  }
  return (typeof value === 'object' ? JSON.stringify(value) : String(value)).trim();
}

/** Makes a request of whatever came with the message: forgiving about types, and never without a name. */
export function buildRequest(name: unknown, description: unknown, now: Date): SnapshotRequest {
  const text = textOf(description).slice(0, MAX_DESCRIPTION);
  const wanted = textOf(name)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the control plane refuses them in names
    .replace(/[\u0000-\u001f\u007f]+/g, ' ')
    .slice(0, MAX_NAME)
    .trim();
  const fallback = `Flow, ${now.toISOString().replace('T', ' ').slice(0, 19)}`;
  return { name: wanted || fallback, ...(text === '' ? {} : { description: text }) };
}

/** The one of that id, or the newest of that name; null when there is none. The list is newest first. */
export function chooseSnapshot(snapshots: readonly SnapshotView[], wanted: string): SnapshotView | null {
  return snapshots.find(({ id }) => id === wanted) ?? snapshots.find(({ name }) => name === wanted) ?? null;
}

/** What the node shows below itself. */
export function statusText(snapshot: SnapshotView): string {
  return snapshot.name.length <= 20 ? snapshot.name : `${snapshot.name.slice(0, 19)}…`;
}
