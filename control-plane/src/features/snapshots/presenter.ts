import type { SnapshotView } from '@flowyard/protocol';
import { manifestOf } from './manifest.ts';
import type { SnapshotRow } from './store.ts';

export function presentSnapshot(row: SnapshotRow): SnapshotView {
  const manifest = manifestOf(row);
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    kind: row.kind,
    owner: ownerOf(row),
    applicationId: row.applicationId,
    author: row.author,
    flows: row.flows,
    nodes: row.nodes,
    modules: manifest.modules,
    lockProblem: row.lockProblem,
    nodeRed: manifest.nodeRed,
    pinned: row.pinned,
    labels: row.labels,
    createdAt: row.createdAt,
  };
}

/** The instance or device that a snapshot is of. */
export function ownerOf(row: SnapshotRow): SnapshotView['owner'] {
  return row.instanceId !== null
    ? { kind: 'instance', id: row.instanceId, name: row.ownerName }
    : { kind: 'device', id: row.deviceId ?? '', name: row.ownerName };
}
