import { readDeployed } from './api';
import type { CompareSession } from './compare/session';
import { editor, type MenuItem } from './node-red';
import { reportError } from './notices';
import { mayWrite } from './pane';
import { takeSnapshot } from './snapshots/edit';
import { compareWithEditor } from './snapshots/menu';
import type { Store } from './store';
import { t } from './translate';

interface Action {
  id: string;
  /** Two keys, of which the first is used by nothing else in Node-RED 4.1 and 5. */
  key: string;
  run: () => void;
  /** Whether the menu has a shorter label for it. */
  isShort?: boolean;
  /** Only for those who may change something. */
  isWriting?: boolean;
}

const MENU = 'red-ui-header-button-sidemenu';
const LOOK_AGAIN_MS = 100;

/** Compares what is in the editor with what is deployed in this Node-RED now. */
export function compareWithDeployed(session: CompareSession): void {
  editor.sidebar.show('flowyard-snapshots');
  session.start({ name: t('compare.deployed'), read: readDeployed }).catch(reportError);
}

/** What can be done by the list of actions, by keys and by the menu of the editor. */
export function addActions(store: Store, session: CompareSession): void {
  const show = (tab: string) => editor.sidebar.show(`flowyard-${tab}`);
  const withSnapshots = async (act: () => void) => {
    show('snapshots');
    await store.load('snapshots');
    act();
  };
  const compareNewest = () =>
    withSnapshots(() => {
      const [newest] = store.snapshots;
      if (newest === undefined) {
        throw new Error(t('compare.noSnapshot'));
      }
      compareWithEditor(session, newest);
    });
  const compareRunning = () =>
    withSnapshots(() => {
      const running = store.place?.runningSnapshot;
      if (!running) {
        throw new Error(t('compare.noRunning'));
      }
      compareWithEditor(session, running);
    });
  const actions: Action[] = [
    { id: 'show-snapshots', key: 's', run: () => show('snapshots') },
    { id: 'show-pipeline', key: 'p', run: () => show('pipeline') },
    { id: 'show-devices', key: 'd', run: () => show('devices') },
    {
      id: 'take-snapshot',
      key: 't',
      run: () => void withSnapshots(() => takeSnapshot(store)).catch(reportError),
      isWriting: true,
    },
    {
      id: 'compare-with-newest',
      key: 'c',
      run: () => void compareNewest().catch(reportError),
      isShort: true,
    },
    {
      id: 'compare-with-running',
      key: 'r',
      run: () => void compareRunning().catch(reportError),
      isShort: true,
    },
    { id: 'compare-with-deployed', key: 'l', run: () => compareWithDeployed(session), isShort: true },
    { id: 'compare-next', key: 'n', run: () => void session.step(1), isShort: true },
    { id: 'compare-previous', key: 'b', run: () => void session.step(-1), isShort: true },
    { id: 'end-compare', key: 'e', run: () => session.end(), isShort: true },
  ];
  const offered = actions.filter(({ isWriting }) => !isWriting || mayWrite());
  for (const { id, key, run } of offered) {
    editor.actions.add(`flowyard:${id}`, run, { label: t(`actions.${id}`) });
    editor.keyboard.add('*', `alt-y ${key}`, `flowyard:${id}`);
  }
  addMenu(offered);
}

function addMenu(actions: Action[]): void {
  const entries = actions.map(
    ({ id, isShort }): MenuItem => ({
      id: `menu-item-flowyard-${id}`,
      label: t(`${isShort ? 'menuLabels' : 'actions'}.${id}`),
      onselect: `flowyard:${id}`,
    }),
  );
  const at = entries.findIndex(
    ({ id }) => id.endsWith('take-snapshot') || id.endsWith('compare-with-newest'),
  );
  const options = [...entries.slice(0, at), null, ...entries.slice(at)];
  whenMenuIsThere(() => {
    editor.menu.addItem(MENU, { id: 'menu-item-flowyard', label: 'Flowyard', options });
    const before = document.getElementById('menu-item-user-settings')?.parentElement;
    const entry = document.getElementById('menu-item-flowyard')?.parentElement;
    if (before && entry) {
      // With what one works with, above the settings and the version.
      before.before(entry);
    }
  });
}

/** The editor makes its menu when it has read the keys, which may be after plugins were loaded. */
function whenMenuIsThere(act: () => void): void {
  if (document.getElementById(`${MENU}-submenu`) === null) {
    setTimeout(() => whenMenuIsThere(act), LOOK_AGAIN_MS);
  } else {
    act();
  }
}
