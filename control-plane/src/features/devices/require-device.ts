import type { Stores } from '../../db/stores.ts';
import { notFound } from '../../errors.ts';
import type { DeviceGroupHead } from '../device-groups/store.ts';
import type { DeviceRow } from './device-row.ts';

export interface PlacedGroup extends DeviceGroupHead {
  teamId: string;
}

/** @throws AppError 404 */
export async function requireDevice(stores: Stores, id: string): Promise<DeviceRow> {
  const device = await stores.devices.find(id);
  if (device === null) {
    throw notFound('device');
  }
  return device;
}

/** @throws AppError 404 */
export async function requireGroup(stores: Stores, id: string): Promise<PlacedGroup> {
  const group = await stores.deviceGroups.findHead(id);
  const place = group && (await stores.scopes.find('device-group', id, null));
  if (group === null || place === null) {
    throw notFound('device group');
  }
  return { ...group, teamId: place.teamId };
}
