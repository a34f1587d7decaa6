import { SnapshotManifest } from '@flowyard/protocol';
import type { SnapshotRow } from './store.ts';

export function manifestOf(snapshot: SnapshotRow): SnapshotManifest {
  return SnapshotManifest.parse(JSON.parse(snapshot.manifest));
}
