import type { SnapshotManifest } from '@flowyard/protocol';
import type { Stores } from '../../db/stores.ts';
import { placeInGroup, readDeviceVariables, resolveDeviceVariables } from '../devices/device-levels.ts';
import type { VariableRow } from '../instances/instance-row.ts';
import { readInstanceTemplate, resolveInstanceVariables } from '../settings/levels.ts';
import type { Resolved } from '../settings/resolve-settings.ts';
import type { StageRow } from './store.ts';

/** Names of variables that a snapshot counts on and that have no value where it is pushed to. */
export async function missingVariables(
  stores: Stores,
  target: StageRow['target'],
  wanted: SnapshotManifest['variables'],
): Promise<string[]> {
  if (wanted.length === 0) {
    return [];
  }
  const there = await variablesAt(stores, target, []);
  return wanted
    .map(({ name }) => name)
    .filter((name) => {
      const variable = there.get(name)?.value;
      return variable === undefined || variable.value === '';
    })
    .sort();
}

/** Variables of a snapshot with the values that flows find on a device or on the devices of a group. */
export async function variablesOnDevices(
  stores: Stores,
  target: StageRow['target'],
  ofSnapshot: SnapshotManifest['variables'],
): Promise<SnapshotManifest['variables']> {
  const there = await variablesAt(stores, target, ofSnapshot);
  return ofSnapshot.map(({ name, secret }) => {
    const found = there.get(name)?.value ?? { value: null, secret };
    // Secret ones are compared as they are sealed: the same one is sealed in the same way.
    return found.secret
      ? { name, value: null, secret: true, digest: found.value ?? '' }
      : { name, value: found.value, secret: false };
  });
}

async function variablesAt(
  stores: Stores,
  target: StageRow['target'],
  ofSnapshot: SnapshotManifest['variables'],
): Promise<ReadonlyMap<string, Resolved<VariableRow>>> {
  if (target.kind === 'instance') {
    const instance = await stores.instances.find(target.id);
    return instance === null
      ? new Map()
      : resolveInstanceVariables(stores, instance, await readInstanceTemplate(stores, instance));
  }
  const place =
    target.kind === 'device' ? await stores.devices.find(target.id) : await readGroupPlace(stores, target.id);
  return place === null
    ? new Map()
    : resolveDeviceVariables(place, (await readDeviceVariables(stores, [place]))(place), {
        id: '',
        name: '',
        variables: ofSnapshot,
      });
}

async function readGroupPlace(stores: Stores, groupId: string) {
  const group = await stores.deviceGroups.findHead(groupId);
  const scope = await stores.scopes.find('device-group', groupId, null);
  return group && scope && placeInGroup({ ...group, ...scope }, null);
}
