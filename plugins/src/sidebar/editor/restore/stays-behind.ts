import type { SnapshotView } from '@flowyard/protocol';
import { api } from '../api';
import type { Store } from '../store';
import { t } from '../translate';
import { type BesideFlows, differsBeside } from './differs-beside';

/** What of a snapshot stays behind when only its flows are deployed; null where nothing does. */
export async function staysBehind(store: Store, snapshot: SnapshotView): Promise<string | null> {
  const differs = await readDifference(store, snapshot);
  if (differs === null) {
    return t('restore.onlyFlows');
  }
  const parts = differs.map((part) => t(`restore.beside.${part}`)).join(', ');
  return parts === '' ? null : t('restore.onlyFlowsDiffers', { parts });
}

/** Only of a device is there a snapshot of all that it runs, and only until something is changed on it. */
async function readDifference({ seat, place }: Store, { id }: SnapshotView): Promise<BesideFlows[] | null> {
  if (!seat?.isHome || place === null || !('developer' in place) || place.developer?.edited !== false) {
    return null;
  }
  try {
    return differsBeside(await api.compareWithDevice(id, place.id));
  } catch {
    // It runs no snapshot, or Flowyard is away: then it is said without.
    return null;
  }
}
