import type { ComparedSide, DiffView, FlowNode } from '@flowyard/protocol';
import { api, ask } from '../../shared/api/client.ts';

/** One of two that are compared: a snapshot, or what an instance or device runs now. */
export type Compared = Pick<ComparedSide, 'kind' | 'id'>;

/** What differs from one to the other; `from` is a snapshot or an instance. */
export async function loadDiff(from: Compared, to: Compared, positions: boolean): Promise<DiffView> {
  const query = { ignorePositions: positions ? 'false' : 'true' } as const;
  const { id } = from;
  switch (`${from.kind} ${to.kind}`) {
    case 'instance snapshot': {
      const params = { path: { id, snapshotId: to.id }, query };
      return (await ask(api.GET('/instances/{id}/diff/snapshot/{snapshotId}', { params }))) as DiffView;
    }
    case 'instance instance': {
      const params = { path: { id, otherId: to.id }, query };
      return (await ask(api.GET('/instances/{id}/diff/instance/{otherId}', { params }))) as DiffView;
    }
    case 'snapshot instance': {
      const params = { path: { id, instanceId: to.id }, query };
      return (await ask(api.GET('/snapshots/{id}/diff/instance/{instanceId}', { params }))) as DiffView;
    }
    case 'snapshot device': {
      const params = { path: { id, deviceId: to.id }, query };
      return (await ask(api.GET('/snapshots/{id}/diff/device/{deviceId}', { params }))) as DiffView;
    }
    default: {
      const params = { path: { id, otherId: to.id }, query };
      return (await ask(api.GET('/snapshots/{id}/diff/{otherId}', { params }))) as DiffView;
    }
  }
}

/** The flows of one side, to be drawn. */
export async function loadFlowsOf({ snapshotId, id }: ComparedSide): Promise<FlowNode[]> {
  const answer =
    snapshotId === null
      ? await ask(api.GET('/instances/{id}/flows', { params: { path: { id } } }))
      : await ask(api.GET('/snapshots/{id}/flows', { params: { path: { id: snapshotId } } }));
  return answer.flows as FlowNode[];
}

/** The page that compares two things, from the first to the second. */
export function comparePath(from: Compared, to: Compared): string {
  return `/${from.kind}s/${from.id}/compare/${to.kind}/${to.id}`;
}

/** Ids of snapshots by when they were taken. */
export function oldestFirst(ids: readonly string[]): string[] {
  return [...ids].sort();
}
