import { z } from 'zod';
import { AnySettings, type SettingKey } from './settings.ts';

/** Settings that devices and device groups may have: those that Node-RED and the agent can keep by themselves. */
export const DEVICE_SETTING_KEYS = [
  'editor.title',
  'editor.headerUrl',
  'editor.headerColour',
  'editor.theme',
  'editor.tours',
  'editor.codeEditor',
  'palette.install',
  'palette.catalogues',
  'http.access',
  'http.basicUser',
  'http.basicPassword',
  'http.corsOrigins',
  'http.dashboardPath',
  'runtime.externalModules',
  'runtime.apiBodyMb',
  'runtime.debugLength',
  'runtime.timeZone',
  'safety.healthInterval',
  'safety.crashes',
  'trial.stableSeconds',
  'trial.startSeconds',
  'trial.probePath',
  'trial.probeSeconds',
  'trial.allowScripts',
  'snapshots.afterDeploy',
  'snapshots.keepAuto',
  'snapshots.schedule',
  'snapshots.scheduleTimeZone',
  'alerts.memoryPercent',
  'alerts.cpuPercent',
  'alerts.diskPercent',
] as const satisfies readonly SettingKey[];

/** Of those, what the control plane goes by: they are not sent to the device. */
export const CONTROL_PLANE_SETTINGS = [
  'snapshots.afterDeploy',
  'snapshots.keepAuto',
  'snapshots.schedule',
  'snapshots.scheduleTimeZone',
  'alerts.memoryPercent',
  'alerts.cpuPercent',
  'alerts.diskPercent',
] as const satisfies readonly SettingKey[];

/** Of those, what the agent itself goes by, or nothing on the device: Node-RED is not started again for them. */
export const DEVICE_LIVE_SETTINGS: readonly SettingKey[] = [
  'safety.healthInterval',
  'safety.crashes',
  'trial.stableSeconds',
  'trial.startSeconds',
  'trial.probePath',
  'trial.probeSeconds',
  'trial.allowScripts',
  ...CONTROL_PLANE_SETTINGS,
];

type Picked = Record<(typeof DEVICE_SETTING_KEYS)[number], true>;
const PICKED = Object.fromEntries(DEVICE_SETTING_KEYS.map((key) => [key, true])) as Picked;

/** What a device or a group sets itself. Nobody but the device guards its HTTP pages, so there are fewer ways to. */
export const DeviceSettings = AnySettings.pick(PICKED).extend({
  'http.access': z
    .enum(['none', 'basic'], 'must be none or basic on a device: it has to let people in also without us')
    .optional(),
});
export type DeviceSettings = z.infer<typeof DeviceSettings>;
