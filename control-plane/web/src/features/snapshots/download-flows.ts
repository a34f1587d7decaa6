import type { SnapshotView } from '@flowyard/protocol';
import { api, ask } from '../../shared/api/client.ts';
import { fileNameOf, saveFile } from './snapshot-files.ts';

/** Saves the flows of a snapshot as a file that Node-RED's import dialog takes. */
export async function downloadFlows(snapshot: Pick<SnapshotView, 'id' | 'name'>): Promise<void> {
  const { flows } = await ask(api.GET('/snapshots/{id}/flows', { params: { path: { id: snapshot.id } } }));
  saveFile(fileNameOf(snapshot, 'flows'), flows);
}
