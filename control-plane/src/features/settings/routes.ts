import {
  getDeviceGroupSettings,
  getDeviceSettings,
  getInstanceSettings,
  listSettingDefinitions,
  putDeviceGroupSettings,
  putDeviceSettings,
  putInstanceSettings,
  SETTING_KEYS,
  SETTING_SECTIONS,
  setInstanceTemplate,
  settingDefinition,
} from '@flowyard/protocol';
import { may, type Route, route, SIGNED_IN } from '../../http/route.ts';
import type { DeviceSettingsService } from './device-service.ts';
import type { SettingsService } from './service.ts';

interface Parts {
  settings: SettingsService;
  deviceSettings: DeviceSettingsService;
}

export function settingsRoutes({ settings, deviceSettings }: Parts): Route[] {
  return [
    route(listSettingDefinitions, SIGNED_IN, async () => ({ items: definitions() })),
    route(getInstanceSettings, may('instance:read', 'instance'), ({ params }) => settings.view(params.id)),
    route(putInstanceSettings, may('instance:configure', 'instance'), ({ actor, params, body }) =>
      settings.put(actor, params.id, body.values),
    ),
    route(setInstanceTemplate, may('instance:configure', 'instance'), ({ actor, params, body }) =>
      settings.setTemplate(actor, params.id, body.templateId),
    ),
    route(getDeviceSettings, may('device:read', 'device'), ({ params }) =>
      deviceSettings.ofDevice(params.id),
    ),
    route(putDeviceSettings, may('device:edit', 'device'), ({ actor, params, body }) =>
      deviceSettings.setOfDevice(actor, params.id, body.values),
    ),
    route(getDeviceGroupSettings, may('device-group:read', 'device-group'), ({ params }) =>
      deviceSettings.ofGroup(params.id),
    ),
    route(putDeviceGroupSettings, may('device-group:edit', 'device-group'), ({ actor, params, body }) =>
      deviceSettings.setOfGroup(actor, params.id, body.values),
    ),
  ];
}

function definitions() {
  return SETTING_KEYS.map((key) => {
    const { section, title, help, input, choices, unit, schema, applies, devicesOnly } =
      settingDefinition(key);
    return {
      key,
      section: SETTING_SECTIONS[section],
      title,
      help,
      input,
      choices: choices ? { ...choices } : null,
      unit: unit ?? null,
      default: settingDefinition(key).default,
      optional: schema.safeParse(null).success,
      needsRestart: applies !== 'live',
      devicesOnly: devicesOnly ?? false,
    };
  });
}
