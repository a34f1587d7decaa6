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
import { replaceWorkspace } from './replace-workspace';

const MOST_NAMES = 10;

function names(all: readonly string[]): HTMLElement {
  const items = all.slice(0, MOST_NAMES).map((name) => el('li', {}, name));
  const left = all.length - MOST_NAMES;
  return el('ul', {}, ...items, left > 0 ? el('li', {}, t('restore.more', { count: left })) : null);
}

/** Asks, says what will be, and puts the flows of a snapshot into the editor. */
export async function restoreIntoWorkspace(snapshot: SnapshotView): Promise<void> {
  if (isTrayOpen()) {
    reportError(new Error(t('restore.trayOpen')));
    return;
  }
  const [{ flows }, deployed] = await Promise.all([api.readSnapshotFlows(snapshot.id), readDeployed()]);
  const difference = compareFlows(comparable(workspaceFlows()), comparable(flows));
  if (difference.flows.length === 0) {
    reportDone(t('restore.same', { name: snapshot.name }));
    return;
  }
  const { missingTypes, withoutCredentials } = lookAhead(flows, deployed, {
    isKnown: (type) => editor.nodes.getType(type) != null,
    hasCredentials: (type) => Object.keys(editor.nodes.getType(type)?.credentials ?? {}).length > 0,
  });
  confirmAction({
    title: t('restore.title', { name: snapshot.name }),
    content: [
      t('restore.text', { changes: countWords(difference.counts).join(', ') }),
      ...(editor.nodes.dirty() ? [el('p', {}, el('strong', {}, t('restore.undeployed')))] : []),
      ...(missingTypes.length > 0 ? [t('restore.missingTypes'), names(missingTypes)] : []),
      t('restore.credentials'),
      ...(withoutCredentials.length > 0 ? [t('restore.withoutCredentials'), names(withoutCredentials)] : []),
    ],
    action: t('restore.action'),
    onConfirm: () => put(snapshot, flows, deployed),
  });
}

function put(snapshot: SnapshotView, flows: FlowNode[], deployed: FlowNode[]): void {
  try {
    // What is not deployed is what differs from what is.
    replaceWorkspace(flows, compareFlows(comparable(deployed), comparable(flows)));
    reportDone(t('restore.done', { name: snapshot.name }));
  } catch (error) {
    reportError(error);
  }
}
