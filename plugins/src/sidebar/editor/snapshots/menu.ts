import type { SnapshotView } from '@flowyard/protocol';
import { api } from '../api';
import type { CompareSession } from '../compare/session';
import type { MenuEntry } from '../menu-button';
import { reportError } from '../notices';
import { mayWrite } from '../pane';
import { restoreIntoWorkspace } from '../restore/restore';
import { isDeployedByEditor, restoreAndDeploy } from '../restore/restore-and-deploy';
import type { Store } from '../store';
import { t } from '../translate';
import { compareWithAnother } from './compare-two';
import { downloadSnapshot } from './download';
import { removeSnapshot, renameSnapshot, rollBack, setTarget } from './edit';

/** Compares a snapshot with what is in the editor. */
export function compareWithEditor(session: CompareSession, { id, name }: { id: string; name: string }): void {
  session.start({ name, read: async () => (await api.readSnapshotFlows(id)).flows }).catch(reportError);
}

/** What can be done with a snapshot. Whoever may only read is shown nothing that changes something. */
export function snapshotEntries(store: Store, session: CompareSession, snapshot: SnapshotView): MenuEntry[] {
  const { place, seat } = store;
  const entry = (key: string, onselect: () => void): MenuEntry => ({ label: t(key), onselect });
  const isTarget = place?.targetSnapshot?.id === snapshot.id;
  const isInstance = seat?.place.kind === 'instance';
  const looks = [
    entry('menu.compare', () => compareWithEditor(session, snapshot)),
    entry('menu.compareOther', () => compareWithAnother(store, snapshot)),
  ];
  if (!mayWrite()) {
    return looks;
  }
  return [
    ...looks,
    entry('menu.restore', () => void restoreIntoWorkspace(snapshot).catch(reportError)),
    ...(isDeployedByEditor(store)
      ? [entry('menu.restoreAndDeploy', () => void restoreAndDeploy(store, snapshot).catch(reportError))]
      : []),
    ...(isInstance && place?.runningSnapshot?.id !== snapshot.id
      ? [entry(seat.isHome ? 'menu.rollBack' : 'menu.rollBackHosted', () => rollBack(store, snapshot))]
      : []),
    isTarget
      ? entry(`target.${seat?.place.kind}.clear`, () => setTarget(store, null))
      : entry(`target.${seat?.place.kind}.menu`, () => setTarget(store, snapshot)),
    entry('menu.download', () => downloadSnapshot(snapshot)),
    entry('menu.rename', () => renameSnapshot(store, snapshot)),
    entry('menu.remove', () => removeSnapshot(store, snapshot)),
  ];
}
