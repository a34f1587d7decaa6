import { z } from 'zod';
import { DeviceSettings } from '../device-settings.ts';
import { Id } from '../names.ts';
import { operation } from '../operation.ts';
import { SettingKey } from '../settings.ts';
import { Origin } from './settings.ts';
import { ResolvedVariable, VariablesBody, VariableView } from './variables.ts';

const IdParams = z.strictObject({ id: Id });

const DeviceVariables = z.object({
  /** Those of the device or group itself. */
  items: z.array(VariableView),
  /** Those of all levels, with where each comes from. */
  resolved: z.array(ResolvedVariable.omit({ locked: true })),
});
export type DeviceVariables = z.infer<typeof DeviceVariables>;

export const getDeviceVariables = operation('getDeviceVariables', {
  method: 'GET',
  path: '/devices/:id/env',
  summary: 'Variables of a device, its own and those from elsewhere, with where they come from',
  params: IdParams,
  response: DeviceVariables,
});

export const setDeviceVariables = operation('setDeviceVariables', {
  method: 'PUT',
  path: '/devices/:id/env',
  summary: 'Set the variables of a device; its Node-RED is started again with them, and nothing is installed',
  params: IdParams,
  body: VariablesBody,
  response: DeviceVariables,
});

export const getDeviceGroupVariables = operation('getDeviceGroupVariables', {
  method: 'GET',
  path: '/device-groups/:id/env',
  summary: 'Variables of a device group, its own and those from above, with where they come from',
  params: IdParams,
  response: DeviceVariables,
});

export const setDeviceGroupVariables = operation('setDeviceGroupVariables', {
  method: 'PUT',
  path: '/device-groups/:id/env',
  summary: 'Set the variables of a device group; the Node-RED of its devices is started again with them',
  params: IdParams,
  body: VariablesBody,
  response: DeviceVariables,
});

const DeviceSettingView = z.object({
  key: SettingKey,
  /** What counts. A secret is shown as `{set: true}`. */
  value: z.unknown(),
  origin: Origin,
  /** What would count if nothing was said here. */
  inherited: z.object({ value: z.unknown(), origin: Origin }),
  /** Whether Node-RED is started again for a change. */
  needsRestart: z.boolean(),
});

export const DeviceSettingsView = z.object({
  items: z.array(DeviceSettingView),
  /** What the device or group itself sets. It can be changed and sent back. */
  values: DeviceSettings,
});
export type DeviceSettingsView = z.infer<typeof DeviceSettingsView>;

export const getDeviceSettings = operation('getDeviceSettings', {
  method: 'GET',
  path: '/devices/:id/settings',
  summary: 'Settings of a device with where they come from',
  params: IdParams,
  response: DeviceSettingsView,
});

export const putDeviceSettings = operation('putDeviceSettings', {
  method: 'PUT',
  path: '/devices/:id/settings',
  summary: 'Replace what a device sets itself; what is left out comes from its group',
  params: IdParams,
  body: z.strictObject({ values: DeviceSettings }),
  response: DeviceSettingsView,
});

export const getDeviceGroupSettings = operation('getDeviceGroupSettings', {
  method: 'GET',
  path: '/device-groups/:id/settings',
  summary: 'Settings of a device group with where they come from',
  params: IdParams,
  response: DeviceSettingsView,
});

export const putDeviceGroupSettings = operation('putDeviceGroupSettings', {
  method: 'PUT',
  path: '/device-groups/:id/settings',
  summary: 'Replace what a device group sets; devices have it unless they set it themselves',
  params: IdParams,
  body: z.strictObject({ values: DeviceSettings }),
  response: DeviceSettingsView,
});
