import type { SnapshotView } from '@flowyard/protocol';
import { api } from '../api';
import { confirmAction } from '../confirm';
import { field, openForm } from '../dialog';
import { el } from '../dom';
import { reportDone, reportError } from '../notices';
import type { Store } from '../store';
import { t } from '../translate';

function put(store: Store, id: string, value: SnapshotView | null): void {
  store.apply({ seat: store.seat?.id ?? '', kind: 'snapshot', id, value });
}

/** Takes a snapshot of what is deployed. */
export function takeSnapshot(store: Store): void {
  const { seat } = store;
  if (seat === null) {
    return;
  }
  const name = el('input', { type: 'text', maxlength: 120, required: true });
  const description = el('textarea', { rows: 3, maxlength: 2000 });
  const credentials = el('input', { type: 'checkbox', checked: true });
  const own = seat.isHome
    ? []
    : [el('label', { class: 'flowyard-tick' }, credentials, t('snapshots.credentials'))];
  const undeployed = RED.nodes.dirty()
    ? [el('p', { class: 'flowyard-hint' }, t('snapshots.undeployed'))]
    : [];
  openForm({
    title: t('snapshots.take'),
    content: [
      field(t('snapshots.name'), name),
      field(t('snapshots.description'), description),
      ...own,
      ...undeployed,
    ],
    action: t('snapshots.take'),
    onSubmit: async () => {
      const text = description.value.trim();
      const body = { name: name.value.trim(), ...(text === '' ? {} : { description: text }) };
      const snapshot = seat.isHome
        ? await api.takeSnapshot(seat.place, body)
        : await api.takeOwnSnapshot({ ...body, credentials: credentials.checked });
      put(store, snapshot.id, snapshot);
      reportDone(t('snapshots.taken', { name: snapshot.name }));
    },
  });
  name.focus();
}

/** Another name or description; what is in a snapshot never changes. */
export function renameSnapshot(store: Store, snapshot: SnapshotView): void {
  const name = el('input', { type: 'text', maxlength: 120, required: true, value: snapshot.name });
  const description = el('textarea', { rows: 3, maxlength: 2000 }, snapshot.description);
  openForm({
    title: t('snapshots.renameTitle', { name: snapshot.name }),
    content: [field(t('snapshots.name'), name), field(t('snapshots.description'), description)],
    action: t('action.save'),
    onSubmit: async () => {
      const body = { name: name.value.trim(), description: description.value.trim() };
      put(store, snapshot.id, await api.changeSnapshot(snapshot.id, body));
    },
  });
  name.select();
}

/** Asks, and says what stands against it where something uses the snapshot. */
export function removeSnapshot(store: Store, snapshot: SnapshotView): void {
  confirmAction({
    title: t('snapshots.removeTitle', { name: snapshot.name }),
    content: [t('snapshots.removeText')],
    action: t('snapshots.remove'),
    onConfirm: () => {
      api.removeSnapshot(snapshot.id).then(() => {
        put(store, snapshot.id, null);
        reportDone(t('snapshots.removed', { name: snapshot.name }));
      }, reportError);
    },
  });
}

/** Puts a snapshot back on its hosted instance, at once and without the editor. */
export function rollBack(store: Store, snapshot: SnapshotView): void {
  const { name, owner } = snapshot;
  // In somebody's own Node-RED the instance is another one than this editor shows.
  const isHome = store.seat?.isHome === true;
  const hosted = isHome ? '' : 'Hosted';
  confirmAction({
    title: t(`snapshots.rollBack${hosted}To`, { name, instance: owner.name }),
    content: [
      t(`snapshots.rollBack${hosted}Text`, { instance: owner.name }),
      ...(isHome && RED.nodes.dirty() ? [t('snapshots.rollBackUndeployed')] : []),
    ],
    action: t('snapshots.rollBack'),
    onConfirm: () => {
      store.ownChangeAt = Date.now();
      api
        .rollBack(owner.id, snapshot.id)
        .then(
          () => reportDone(t(`snapshots.rolledBack${hosted}`, { name, instance: owner.name })),
          reportError,
        );
    },
  });
}

/** Chooses what the devices of this instance run, or this device itself; null gives the choice up. */
export function setTarget(store: Store, snapshot: SnapshotView | null): void {
  const { seat } = store;
  if (seat === null) {
    return;
  }
  const { kind } = seat.place;
  const name = snapshot?.name ?? '';
  const what = snapshot === null ? 'clear' : 'set';
  confirmAction({
    title: t(`target.${kind}.${what}Title`, { name }),
    content: [t(`target.${kind}.${what}Text`, { name })],
    action: t(`target.${what}`),
    onConfirm: () => {
      api.setTarget(seat.place, snapshot?.id ?? null).then(async () => {
        await store.readPlace();
        reportDone(t(`target.${what}Done`, { name }));
      }, reportError);
    },
  });
}
