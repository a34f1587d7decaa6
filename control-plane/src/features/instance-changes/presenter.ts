import type { InstanceChangeView } from '@flowyard/protocol';
import { reference } from '../instances/presenter.ts';
import type { InstanceChangeRow } from './store.ts';

export function presentChange(row: InstanceChangeRow): InstanceChangeView {
  return {
    id: row.id,
    instance: { id: row.instanceId, name: row.instanceName },
    kind: row.kind,
    state: row.state,
    from: {
      stack: { id: row.fromStackId, name: row.fromStack },
      instanceType: { id: row.fromTypeId, name: row.fromType },
    },
    to: {
      stack: { id: row.toStackId, name: row.toStack },
      instanceType: { id: row.toTypeId, name: row.toType },
    },
    message: row.message,
    log: row.log === null ? [] : JSON.parse(row.log),
    snapshot: reference(row.snapshotId, row.snapshotName),
    author: row.author,
    createdAt: row.createdAt,
    finishedAt: row.finishedAt,
  };
}

/** What a change is to, in words. */
export function targetWords(
  row: Pick<
    InstanceChangeRow,
    'fromStackId' | 'toStackId' | 'toStack' | 'toType' | 'fromTypeId' | 'toTypeId'
  >,
): string {
  const parts = [
    ...(row.fromStackId === row.toStackId ? [] : [row.toStack]),
    ...(row.fromTypeId === row.toTypeId ? [] : [row.toType]),
  ];
  return parts.join(' and ') || row.toStack;
}
