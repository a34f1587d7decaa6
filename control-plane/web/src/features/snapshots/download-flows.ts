import type { SnapshotView } from '@flowyard/protocol';
import { api, ask } from '../../shared/api/client.ts';

/** Saves the flows of a snapshot as a file that Node-RED's import dialog takes. */
export async function downloadFlows(snapshot: Pick<SnapshotView, 'id' | 'name'>): Promise<void> {
  const { flows } = await ask(api.GET('/snapshots/{id}/flows', { params: { path: { id: snapshot.id } } }));
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([JSON.stringify(flows, null, 2)], { type: 'application/json' }));
  link.download = `${snapshot.name.replaceAll(/[^\w.-]+/g, '-')}.flows.json`;
  link.click();
  URL.revokeObjectURL(link.href);
}
