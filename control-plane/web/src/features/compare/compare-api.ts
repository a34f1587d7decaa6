import type { ComparedSide, DiffView, FlowNode } from '@flowyard/protocol';
import { api, ask } from '../../shared/api/client.ts';

/** Something that a snapshot is compared with. */
export interface Other {
  kind: ComparedSide['kind'];
  id: string;
}

export async function loadDiff(id: string, other: Other, positions: boolean): Promise<DiffView> {
  const query = { ignorePositions: positions ? 'false' : 'true' } as const;
  switch (other.kind) {
    case 'snapshot': {
      const params = { path: { id, otherId: other.id }, query };
      return (await ask(api.GET('/snapshots/{id}/diff/{otherId}', { params }))) as DiffView;
    }
    case 'instance': {
      const params = { path: { id, instanceId: other.id }, query };
      return (await ask(api.GET('/snapshots/{id}/diff/instance/{instanceId}', { params }))) as DiffView;
    }
    case 'device': {
      const params = { path: { id, deviceId: other.id }, query };
      return (await ask(api.GET('/snapshots/{id}/diff/device/{deviceId}', { params }))) as DiffView;
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

export function comparePath(id: string, other: Other): string {
  return `/snapshots/${id}/compare/${other.kind}/${other.id}`;
}
