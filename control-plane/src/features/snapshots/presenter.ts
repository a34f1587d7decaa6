import type { SnapshotView } from '@flowyard/protocol';
import { manifestOf } from './manifest.ts';
import type { SnapshotRow } from './store.ts';

export function presentSnapshot(row: SnapshotRow): SnapshotView {
  const manifest = manifestOf(row);
  const owner =
    row.instanceId !== null
      ? ({ kind: 'instance', id: row.instanceId } as const)
      : ({ kind: 'device', id: row.deviceId ?? '' } as const);
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    kind: row.kind,
    owner: { ...owner, name: row.ownerName },
    applicationId: row.applicationId,
    author: row.author,
    flows: row.flows,
    nodes: row.nodes,
    modules: manifest.modules,
    lockProblem: row.lockProblem,
    nodeRed: manifest.nodeRed,
    createdAt: row.createdAt,
  };
}
