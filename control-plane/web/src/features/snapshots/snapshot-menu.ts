import type { SnapshotView } from '@flowyard/protocol';
import {
  mdiBackupRestore,
  mdiCompareHorizontal,
  mdiDeleteOutline,
  mdiDownload,
  mdiEyeOutline,
  mdiPencilOutline,
  mdiPinOffOutline,
  mdiPinOutline,
  mdiTarget,
  mdiViewGridPlusOutline,
} from '@mdi/js';
import type { MenuAction } from '../../shared/components/ActionMenu.vue';

type Act = (snapshot: SnapshotView) => unknown;

/** What can be done to snapshots of a list; null is what the person may not do, or not there. */
export interface SnapshotActs {
  view: Act;
  compareWithNow: Act;
  compareWithAnother: Act;
  rollBack: Act | null;
  setTarget: Act | null;
  download: Act | null;
  downloadFlows: Act;
  makeBlueprint: Act | null;
  edit: Act | null;
  pin: Act | null;
  remove: Act | null;
}

/** The menu of a snapshot. */
export function snapshotMenu(snapshot: SnapshotView, acts: SnapshotActs): MenuAction[] {
  const { owner, pinned } = snapshot;
  const entries: Array<Omit<MenuAction, 'act'> & { act: Act | null }> = [
    { title: 'View', icon: mdiEyeOutline, act: acts.view },
    {
      title: `Compare with what ${owner.name} runs now`,
      icon: mdiCompareHorizontal,
      act: acts.compareWithNow,
    },
    { title: 'Compare with another', icon: mdiCompareHorizontal, act: acts.compareWithAnother },
    { title: 'Roll back to it', icon: mdiBackupRestore, act: acts.rollBack },
    { title: 'Set as target for devices', icon: mdiTarget, act: acts.setTarget },
    { title: 'Download', icon: mdiDownload, act: acts.download },
    { title: 'Download the flows alone', icon: mdiDownload, act: acts.downloadFlows },
    { title: 'Make a blueprint', icon: mdiViewGridPlusOutline, act: acts.makeBlueprint },
    { title: 'Rename, describe or label', icon: mdiPencilOutline, act: acts.edit },
    {
      title: pinned ? 'Unpin' : 'Pin',
      icon: pinned ? mdiPinOffOutline : mdiPinOutline,
      act: acts.pin,
    },
    { title: 'Delete', icon: mdiDeleteOutline, dangerous: true, act: acts.remove },
  ];
  return entries.flatMap(({ act, ...entry }) =>
    act === null ? [] : [{ ...entry, act: () => act(snapshot) }],
  );
}
