import {
  DEVICE_LIVE_SETTINGS,
  DEVICE_SETTING_KEYS,
  type DeviceSettings,
  type DeviceSettingsView,
  isSecretSetting,
  type SettingKey,
  settingContradictions,
} from '@flowyard/protocol';
import { type Actor, auditActor } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { invalidFields } from '../../errors.ts';
import { groupSettingsOf, resolveDeviceSettings } from '../devices/device-levels.ts';
import type { DeviceRow } from '../devices/device-row.ts';
import { type PlacedGroup, requireDevice, requireGroup } from '../devices/require-device.ts';
import type { TargetService } from '../snapshots/target-service.ts';
import { valuesOf } from './levels.ts';
import type { Resolved } from './resolve-settings.ts';
import {
  changedKeys,
  hashForProcess,
  keepSecrets,
  readStored,
  type StoredSettings,
  shownSetting,
} from './stored-settings.ts';

/** Settings of devices and of device groups; a device has those of its group that it does not set itself. */
export class DeviceSettingsService {
  readonly #db: Database;
  readonly #targets: TargetService;

  constructor(parts: { db: Database; targets: TargetService }) {
    this.#db = parts.db;
    this.#targets = parts.targets;
  }

  async ofDevice(id: string): Promise<DeviceSettingsView> {
    const device = await requireDevice(this.#db.stores, id);
    const own = readStored(device.settings);
    const group = groupSettingsOf(device);
    return view(resolveDeviceSettings(device, group, own), resolveDeviceSettings(device, group, {}), own);
  }

  async ofGroup(id: string): Promise<DeviceSettingsView> {
    const group = await requireGroup(this.#db.stores, id);
    const own = readStored(group.settings);
    return view(resolveGroup(group, own), resolveGroup(group, {}), own);
  }

  async setOfDevice(actor: Actor, id: string, values: DeviceSettings): Promise<DeviceSettingsView> {
    const sealed = await sealDeviceSettings(values);
    await this.#db.transact(async (tx) => {
      await tx.stores.devices.lock(id);
      const device = await requireDevice(tx.stores, id);
      const before = readStored(device.settings);
      const after = keepSecrets(sealed, before, 'values');
      refuseContradictions(resolveDeviceSettings(device, groupSettingsOf(device), after));
      await tx.stores.devices.setSettings(id, JSON.stringify(after));
      await this.#record(tx, actor, { kind: 'device', ...device }, before, after);
      await this.#targets.retarget(tx, [id], device);
    });
    return this.ofDevice(id);
  }

  async setOfGroup(actor: Actor, id: string, values: DeviceSettings): Promise<DeviceSettingsView> {
    const sealed = await sealDeviceSettings(values);
    await this.#db.transact(async (tx) => {
      await tx.stores.deviceGroups.lock(id);
      const group = await requireGroup(tx.stores, id);
      const before = readStored(group.settings);
      const after = keepSecrets(sealed, before, 'values');
      refuseContradictions(resolveGroup(group, after));
      await tx.stores.deviceGroups.setSettings(id, JSON.stringify(after));
      await this.#record(tx, actor, { kind: 'device-group', ...group }, before, after);
      await this.#targets.retarget(tx, await tx.stores.devices.idsOf({ deviceGroupId: id }), group);
    });
    return this.ofGroup(id);
  }

  async #record(
    tx: Transaction,
    actor: Actor,
    of: Pick<DeviceRow, 'id' | 'name' | 'teamId' | 'applicationId'> & { kind: 'device' | 'device-group' },
    before: StoredSettings,
    after: StoredSettings,
  ): Promise<void> {
    const { kind, id, name, teamId, applicationId } = of;
    const keys = changedKeys(before, after);
    const shown = (settings: StoredSettings) =>
      Object.fromEntries(keys.map((key) => [key, shownSetting(key, settings[key]) ?? null]));
    await tx.audit({
      event: `${kind}.settings-changed`,
      actor: auditActor(actor, name),
      teamId,
      applicationId,
      subject: { kind, id, name },
      details: { before: shown(before), after: shown(after) },
    });
    tx.announce({ kind, id, teamId, applicationId });
  }
}

/** Hashed so that the process on the device can check them by itself. */
async function sealDeviceSettings(values: DeviceSettings): Promise<StoredSettings> {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  const sealed = entries.map(async ([key, value]) => [
    key,
    isSecretSetting(key as SettingKey) && typeof value === 'string' ? await hashForProcess(value) : value,
  ]);
  return Object.fromEntries(await Promise.all(sealed)) as StoredSettings;
}

function resolveGroup(group: PlacedGroup, settings: StoredSettings): Map<string, Resolved<unknown>> {
  const place = { id: '', name: '', deviceGroupId: group.id, deviceGroupName: group.name };
  return resolveDeviceSettings(place, settings, {});
}

function view(
  resolved: Map<string, Resolved<unknown>>,
  below: Map<string, Resolved<unknown>>,
  own: StoredSettings,
): DeviceSettingsView {
  const items = DEVICE_SETTING_KEYS.flatMap((key) => {
    const [now, inherited] = [resolved.get(key), below.get(key)];
    if (now === undefined || inherited === undefined) {
      return [];
    }
    return {
      key,
      value: shownSetting(key, now.value),
      origin: now.origin,
      inherited: { value: shownSetting(key, inherited.value), origin: inherited.origin },
      needsRestart: !DEVICE_LIVE_SETTINGS.includes(key),
    };
  });
  const values = Object.entries(own).map(([key, value]) => [key, shownSetting(key as SettingKey, value)]);
  return { items, values: Object.fromEntries(values) as DeviceSettings };
}

function refuseContradictions(resolved: Map<string, Resolved<unknown>>): void {
  const problems = settingContradictions(valuesOf(resolved as Map<SettingKey, Resolved<unknown>>));
  if (problems.length > 0) {
    throw invalidFields(problems.map(({ key, message }) => ({ field: `values.${key}`, message })));
  }
}
