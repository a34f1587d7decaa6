import type { SnapshotKind, SnapshotView } from '@flowyard/protocol';
import { ComparePanel } from '../compare/panel';
import type { CompareSession } from '../compare/session';
import { button, el, icon } from '../dom';
import { menuButton } from '../menu-button';
import { reportError } from '../notices';
import { emptyState, mayWrite, Pane } from '../pane';
import { searchBox } from '../search-box';
import type { Store } from '../store';
import { time } from '../times';
import { t } from '../translate';
import { takeSnapshot } from './edit';
import { snapshotEntries } from './menu';
import { uploadSnapshot } from './upload';

const KINDS: SnapshotKind[] = ['manual', 'auto', 'deploy', 'import'];

function tags(store: Store, snapshot: SnapshotView): (HTMLElement | null)[] {
  const { place, seat } = store;
  const isRunning = place?.runningSnapshot?.id === snapshot.id;
  const isTarget = place?.targetSnapshot?.id === snapshot.id;
  return [
    isRunning
      ? el('span', { class: 'flowyard-tag flowyard-good' }, icon('check-circle'), ' ', t('snapshots.runs'))
      : null,
    isTarget
      ? el('span', { class: 'flowyard-tag' }, icon('bullseye'), ' ', t(`target.${seat?.place.kind}.tag`))
      : null,
    snapshot.pinned
      ? el('span', { class: 'flowyard-tag' }, icon('thumb-tack'), ' ', t('snapshots.pinned'))
      : null,
    snapshot.kind === 'manual'
      ? null
      : el('span', { class: 'flowyard-tag' }, t(`snapshots.kind.${snapshot.kind}`)),
    ...snapshot.labels.map((label) => el('span', { class: 'flowyard-tag' }, icon('tag'), ' ', label)),
  ];
}

function item(store: Store, session: CompareSession, snapshot: SnapshotView): HTMLElement {
  const menu = menuButton(
    { label: '', description: t('menu.of', { name: snapshot.name }), key: `menu-${snapshot.id}` },
    () => snapshotEntries(store, session, snapshot),
  );
  return el(
    'li',
    { class: 'flowyard-item' },
    el(
      'div',
      { class: 'flowyard-item-head' },
      el(
        'div',
        { class: 'flowyard-row' },
        el('strong', { class: 'flowyard-name' }, snapshot.name),
        ...tags(store, snapshot),
      ),
      menu,
    ),
    snapshot.description === '' ? null : el('div', { class: 'flowyard-text' }, snapshot.description),
    el(
      'div',
      { class: 'flowyard-quiet flowyard-meta' },
      el('span', {}, snapshot.author),
      ' ',
      time(snapshot.createdAt),
      ' ',
      el('span', {}, t('snapshots.size', { flows: snapshot.flows, nodes: snapshot.nodes })),
    ),
  );
}

/** The buttons and the filter above the list. */
function header(store: Store, onFilter: (text: string, kind: string) => void): HTMLElement {
  const search = searchBox(t('snapshots.search'), (text) => onFilter(text, kind.value));
  const kind = el(
    'select',
    { 'aria-label': t('snapshots.kindFilter') },
    el('option', { value: '' }, t('snapshots.allKinds')),
    ...KINDS.map((each) => el('option', { value: each }, t(`snapshots.kind.${each}`))),
  );
  kind.addEventListener('change', () => onFilter(search.text(), kind.value));
  // Whoever may only read is told so once, and not by buttons that do nothing.
  const buttons = mayWrite()
    ? el(
        'div',
        { class: 'flowyard-row flowyard-start' },
        button({
          label: t('snapshots.take'),
          icon: 'camera',
          primary: true,
          key: 'take',
          onClick: () => takeSnapshot(store),
        }),
        button({
          label: t('upload.open'),
          icon: 'upload',
          key: 'upload',
          onClick: () => uploadSnapshot(store),
        }),
      )
    : el('p', { class: 'flowyard-quiet' }, icon('eye'), ' ', t('readOnly'));
  return el(
    'div',
    { class: 'flowyard-head' },
    buttons,
    el('div', { class: 'flowyard-filter' }, search.element, kind),
  );
}

/** The tab "Snapshots": what was kept of this instance, by whom and when, and the way back. */
export function snapshotsPane(store: Store, session: CompareSession): Pane {
  let kind = '';
  const panel = new ComparePanel(session);
  const render = (): Node[] => {
    const shown = store.snapshots.filter((snapshot) => kind === '' || snapshot.kind === kind);
    const isFiltered = kind !== '' || store.snapshotSearch !== '';
    if (shown.length === 0 && store.nextSnapshots === null) {
      return isFiltered
        ? [el('p', { class: 'flowyard-quiet' }, t('snapshots.noMatch'))]
        : emptyState('camera', t('snapshots.emptyTitle'), t('snapshots.emptyText'));
    }
    const list = el(
      'ul',
      { class: 'flowyard-list' },
      ...shown.map((snapshot) => item(store, session, snapshot)),
    );
    if (store.nextSnapshots === null) {
      return [list];
    }
    const onClick = () => void store.loadMoreSnapshots().catch(reportError);
    return [list, button({ label: t('action.more'), key: 'more', onClick })];
  };
  const head = el(
    'div',
    {},
    panel.element,
    header(store, (text, chosen) => {
      kind = chosen;
      store.searchSnapshots(text).then(() => pane.draw(), reportError);
    }),
  );
  const pane = new Pane(store, { part: 'snapshots', head, render });
  return pane;
}
