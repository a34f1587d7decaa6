import type { SnapshotView } from '@flowyard/protocol';
import { api } from './api';
import { confirmAction } from './confirm';
import { button, el, icon } from './dom';
import { emptyState, mayWrite, Pane, reportDone, reportError } from './pane';
import type { Store } from './store';
import { time } from './times';
import { t } from './translate';

/** The form with which a snapshot is taken; closed until it is asked for. */
function snapshotForm(store: Store): HTMLElement {
  const name = el('input', { type: 'text', id: 'flowyard-snapshot-name', maxlength: 120, required: true });
  const description = el('textarea', { id: 'flowyard-snapshot-description', rows: 2, maxlength: 2000 });
  const dirty = el('p', { class: 'flowyard-hint' }, t('snapshots.undeployed'));
  const form = el(
    'form',
    { class: 'flowyard-form', hidden: true },
    el('label', { for: name.id }, t('snapshots.name')),
    name,
    el('label', { for: description.id }, t('snapshots.description')),
    description,
    dirty,
  );
  const setOpen = (isOpen: boolean) => {
    form.hidden = !isOpen;
    opener.hidden = isOpen;
    dirty.hidden = !RED.nodes.dirty();
    (isOpen ? name : opener).focus();
  };
  const opener = button({
    label: t('snapshots.take'),
    icon: 'camera',
    disabled: !mayWrite(),
    onClick: () => setOpen(true),
  });
  const submit = el(
    'button',
    { type: 'submit', class: 'red-ui-button red-ui-button-small primary' },
    t('snapshots.take'),
  );
  const cancel = button({ label: t('action.cancel'), onClick: () => setOpen(false) });
  form.append(el('div', { class: 'flowyard-buttons' }, cancel, submit));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const { seat } = store;
    if (seat === null) {
      return;
    }
    submit.disabled = true;
    const text = description.value.trim();
    api
      .takeSnapshot(seat.place, { name: name.value.trim(), ...(text === '' ? {} : { description: text }) })
      .then((snapshot) => {
        store.apply({ seat: seat.id, kind: 'snapshot', id: snapshot.id, value: snapshot });
        reportDone(t('snapshots.taken', { name: snapshot.name }));
        form.reset();
        setOpen(false);
      }, reportError)
      .finally(() => {
        submit.disabled = false;
      });
  });
  form.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') {
      setOpen(false);
    }
  });
  return el('div', { class: 'flowyard-head' }, opener, form);
}

function rollBack(snapshot: SnapshotView): void {
  confirmAction({
    title: t('snapshots.rollBackTo', { name: snapshot.name }),
    content: [t('snapshots.rollBackText'), ...(RED.nodes.dirty() ? [t('snapshots.rollBackUndeployed')] : [])],
    action: t('snapshots.rollBack'),
    onConfirm: () => {
      api
        .rollBack(snapshot.owner.id, snapshot.id)
        .then(() => reportDone(t('snapshots.rolledBack', { name: snapshot.name })), reportError);
    },
  });
}

function item(store: Store, snapshot: SnapshotView): HTMLElement {
  const isRunning = store.place?.runningSnapshot?.id === snapshot.id;
  const isTarget = store.place?.targetSnapshot?.id === snapshot.id;
  return el(
    'li',
    { class: 'flowyard-item' },
    el(
      'div',
      { class: 'flowyard-row' },
      el('strong', { class: 'flowyard-name' }, snapshot.name),
      isRunning
        ? el('span', { class: 'flowyard-tag flowyard-good' }, icon('check-circle'), ' ', t('snapshots.runs'))
        : null,
      isTarget ? el('span', { class: 'flowyard-tag' }, icon('bullseye'), ' ', t('snapshots.target')) : null,
      snapshot.kind === 'manual'
        ? null
        : el('span', { class: 'flowyard-tag' }, t(`snapshots.kind.${snapshot.kind}`)),
    ),
    snapshot.description === '' ? null : el('div', { class: 'flowyard-text' }, snapshot.description),
    el(
      'div',
      { class: 'flowyard-row flowyard-quiet' },
      el(
        'span',
        { class: 'flowyard-meta' },
        el('span', {}, snapshot.author),
        ' ',
        time(snapshot.createdAt),
        ' ',
        el('span', {}, t('snapshots.size', { flows: snapshot.flows, nodes: snapshot.nodes })),
      ),
      button({
        label: t('snapshots.rollBack'),
        icon: 'history',
        key: `roll-back-${snapshot.id}`,
        description: t('snapshots.rollBackTo', { name: snapshot.name }),
        disabled: isRunning || !mayWrite(),
        onClick: () => rollBack(snapshot),
      }),
    ),
  );
}

/** The tab "Snapshots": what was kept of this instance, by whom and when, and the way back. */
export function snapshotsPane(store: Store): Pane {
  const render = (): Node[] => {
    if (store.snapshots.length === 0) {
      return emptyState('camera', t('snapshots.emptyTitle'), t('snapshots.emptyText'));
    }
    const list = el(
      'ul',
      { class: 'flowyard-list' },
      ...store.snapshots.map((snapshot) => item(store, snapshot)),
    );
    if (store.nextSnapshots === null) {
      return [list];
    }
    const onClick = () => void store.loadMoreSnapshots().catch(reportError);
    return [list, button({ label: t('action.more'), key: 'more', onClick })];
  };
  return new Pane(store, { part: 'snapshots', head: snapshotForm(store), render });
}
