import type { SnapshotView } from '@flowyard/protocol';
import { api } from '../api';
import { openCompareTray } from '../compare/tray';
import { field, openForm } from '../dialog';
import { el } from '../dom';
import { reportError } from '../notices';
import type { Store } from '../store';
import { exactTime } from '../times';
import { t } from '../translate';

/** Lets choose another snapshot and shows everything that differs, from the older to the newer one. */
export function compareWithAnother(store: Store, snapshot: SnapshotView): void {
  const others = store.snapshots.filter(({ id }) => id !== snapshot.id);
  if (others.length === 0) {
    reportError(new Error(t('compare.noOther')));
    return;
  }
  const choice = el(
    'select',
    {},
    ...others.map(({ id, name, createdAt }) =>
      el('option', { value: id }, `${name} (${exactTime(createdAt)})`),
    ),
  );
  openForm({
    title: t('compare.another', { name: snapshot.name }),
    content: [field(t('compare.otherSnapshot'), choice)],
    action: t('compare.action'),
    onSubmit: async () => {
      const other = others.find(({ id }) => id === choice.value) ?? others[0];
      const [before, after] = [snapshot, other as SnapshotView].sort((a, b) =>
        a.createdAt.localeCompare(b.createdAt),
      ) as [SnapshotView, SnapshotView];
      const contents = await api.compareSnapshots(before.id, after.id);
      openCompareTray({ before: before.name, after: after.name, flows: contents.flows, contents });
    },
  });
}
