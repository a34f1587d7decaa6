import type { FlowNode, SnapshotView } from '@flowyard/protocol';
import { compareFlows } from '@flowyard/protocol/compare-flows';
import { api, readDeployed } from '../api';
import { comparable, workspaceFlows } from '../compare/comparable';
import { countWords } from '../compare/words';
import { confirmAction } from '../confirm';
import { el } from '../dom';
import { editor, isTrayOpen } from '../node-red';
import { reportDone, reportError } from '../notices';
import { t } from '../translate';
import { lookAhead } from './look-ahead';
import { named } from './names';
import { nodeTypes } from './node-types';
import { replaceWorkspace } from './replace-workspace';

/** What is in a snapshot and what is deployed now. */
export interface Flows {
  flows: FlowNode[];
  deployed: FlowNode[];
}

/** Reads both; refuses while a dialog is open behind which nothing may be changed. */
export async function readFlows(snapshot: SnapshotView): Promise<Flows> {
  if (isTrayOpen()) {
    throw new Error(t('restore.trayOpen'));
  }
  const [{ flows }, deployed] = await Promise.all([api.readSnapshotFlows(snapshot.id), readDeployed()]);
  return { flows, deployed };
}

/** Says that there are changes which are not deployed, where there are. */
export function undeployed(words: string): Node[] {
  return editor.nodes.dirty() ? [el('p', {}, el('strong', {}, words))] : [];
}

/** Puts the flows of a snapshot into the editor, as one change. */
export function putIntoWorkspace({ flows, deployed }: Flows): void {
  // What is not deployed is what differs from what is.
  replaceWorkspace(flows, compareFlows(comparable(deployed), comparable(flows)));
}

/** Asks, says what will be, and puts the flows of a snapshot into the editor. */
export async function restoreIntoWorkspace(snapshot: SnapshotView): Promise<void> {
  const read = await readFlows(snapshot);
  const difference = compareFlows(comparable(workspaceFlows()), comparable(read.flows));
  if (difference.flows.length === 0) {
    reportDone(t('restore.same', { name: snapshot.name }));
    return;
  }
  const { missingTypes, withoutCredentials } = lookAhead(read.flows, read.deployed, nodeTypes);
  confirmAction({
    title: t('restore.title', { name: snapshot.name }),
    content: [
      t('restore.text', { changes: countWords(difference.counts).join(', ') }),
      ...undeployed(t('restore.undeployed')),
      ...named(t('restore.missingTypes'), missingTypes),
      t('restore.credentials'),
      ...named(t('restore.withoutCredentials'), withoutCredentials),
    ],
    action: t('restore.action'),
    onConfirm: () => {
      try {
        putIntoWorkspace(read);
        reportDone(t('restore.done', { name: snapshot.name }));
      } catch (error) {
        reportError(error);
      }
    },
  });
}
