import { z } from 'zod';
import { Id } from '../names.ts';
import { operation } from '../operation.ts';
import { SETTING_INPUTS } from '../setting-table.ts';
import { RuntimeSettings, SettingKey } from '../settings.ts';

const IdParams = z.strictObject({ id: Id });

/** The levels that settings and variables come from, weakest first. */
export const ORIGIN_KINDS = [
  'default',
  'platform',
  'template',
  'team',
  'application',
  'group',
  'snapshot',
  'instance',
  'device',
] as const;

/** Where a value comes from. */
export const Origin = z.object({
  kind: z.enum(ORIGIN_KINDS),
  id: Id.nullable(),
  name: z.string().nullable(),
});
export type Origin = z.infer<typeof Origin>;

export const SettingView = z.object({
  key: SettingKey,
  /** What counts. A secret is shown as `{set: true}`. */
  value: z.unknown(),
  origin: Origin,
  /** The template does not let the instance say otherwise. */
  locked: z.boolean(),
  /** What would count if the instance said nothing. */
  inherited: z.object({ value: z.unknown(), origin: Origin }),
  /** Whether a change needs a restart. */
  needsRestart: z.boolean(),
  /** The process runs with another value, until it is restarted. */
  pending: z.boolean(),
});
export type SettingView = z.infer<typeof SettingView>;

export const SettingsView = z.object({
  items: z.array(SettingView),
  /** What the instance itself sets. It can be changed and sent back. */
  values: RuntimeSettings,
  /** The instance runs with something else than what is set: settings, variables or the version of its template. */
  restartNeeded: z.boolean(),
  template: z.object({
    id: Id,
    name: z.string(),
    /** The newest version. */
    version: z.number().int(),
    /** The version that the process was started with; null until one was. */
    runningVersion: z.number().int().nullable(),
  }),
});
export type SettingsView = z.infer<typeof SettingsView>;

/** What a setting is, for forms. */
export const SettingDefinitionView = z.object({
  key: SettingKey,
  section: z.string(),
  title: z.string(),
  help: z.string(),
  input: z.enum(SETTING_INPUTS),
  choices: z.record(z.string(), z.string()).nullable(),
  unit: z.string().nullable(),
  default: z.unknown(),
  /** Whether it may be without a value. */
  optional: z.boolean(),
  needsRestart: z.boolean(),
  /** Only devices and their groups have it. */
  devicesOnly: z.boolean(),
});
export type SettingDefinitionView = z.infer<typeof SettingDefinitionView>;

export const listSettingDefinitions = operation('listSettingDefinitions', {
  method: 'GET',
  path: '/settings',
  summary: 'Every setting that instances and templates may have, and what it does',
  response: z.object({ items: z.array(SettingDefinitionView) }),
});

export const getInstanceSettings = operation('getInstanceSettings', {
  method: 'GET',
  path: '/instances/:id/settings',
  summary: 'Settings of an instance with where they come from',
  params: IdParams,
  response: SettingsView,
});

export const putInstanceSettings = operation('putInstanceSettings', {
  method: 'PUT',
  path: '/instances/:id/settings',
  summary: 'Replace what an instance sets itself; what is left out comes from its template',
  params: IdParams,
  body: z.strictObject({ values: RuntimeSettings }),
  response: SettingsView,
});

export const setInstanceTemplate = operation('setInstanceTemplate', {
  method: 'PUT',
  path: '/instances/:id/template',
  summary: 'Give an instance another template; it holds from the next start',
  params: IdParams,
  body: z.strictObject({ templateId: Id }),
  response: SettingsView,
});
