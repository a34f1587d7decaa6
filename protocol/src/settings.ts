import { z } from 'zod';
import { SETTINGS, type SettingDefinition } from './setting-table.ts';

export type SettingKey = keyof typeof SETTINGS;
export type SettingValue<K extends SettingKey> = z.output<(typeof SETTINGS)[K]['schema']>;

export const SETTING_KEYS = Object.keys(SETTINGS) as SettingKey[];
export const SettingKey = z.enum(SETTING_KEYS);

/** Those of hosted instances and their templates. */
export const INSTANCE_SETTING_KEYS = SETTING_KEYS.filter((key) => !('devicesOnly' in SETTINGS[key]));

type SettingShape = { [K in SettingKey]: z.ZodOptional<(typeof SETTINGS)[K]['schema']> };

function shapeOf(keys: readonly SettingKey[]): SettingShape {
  const entries = keys.map((key) => [key, (SETTINGS[key].schema as z.ZodType).optional()]);
  return Object.fromEntries(entries) as unknown as SettingShape;
}

/** Every setting that there is, of which each level has some. */
export const AnySettings = z.strictObject(shapeOf(SETTING_KEYS));

/** Settings of one level (a template, an instance): those that it sets, the others coming from weaker levels. */
export const RuntimeSettings = z.strictObject(shapeOf(INSTANCE_SETTING_KEYS));
export type RuntimeSettings = { [K in SettingKey]?: SettingValue<K> | undefined };

/** All settings with their values. */
export type ResolvedSettings = { [K in SettingKey]: SettingValue<K> };

export const DEFAULT_SETTINGS = Object.fromEntries(
  SETTING_KEYS.map((key) => [key, SETTINGS[key].default]),
) as unknown as ResolvedSettings;

export function settingDefinition(key: SettingKey): SettingDefinition {
  return SETTINGS[key] as unknown as SettingDefinition;
}

/** Whether its value is sealed or hashed, and so never shown. */
export function isSecretSetting(key: SettingKey): boolean {
  const { input } = settingDefinition(key);
  return input === 'secret' || input === 'password';
}

/** What of the settings contradicts each other, by key; empty when all is well. */
export function settingContradictions(
  settings: ResolvedSettings,
): Array<{ key: SettingKey; message: string }> {
  const found: Array<{ key: SettingKey; message: string }> = [];
  if (settings['http.access'] === 'basic') {
    for (const key of ['http.basicUser', 'http.basicPassword'] as const) {
      if (settings[key] === null) {
        found.push({ key, message: 'is needed when HTTP pages ask for a user name and password' });
      }
    }
  }
  const login = ['login.user', 'login.password'] as const;
  const missing = login.filter((key) => settings[key] === null);
  if (missing.length === 1) {
    found.push({ key: missing[0] ?? 'login.user', message: 'is needed: emergency sign-in takes both' });
  }
  return found;
}
