import { createHash } from 'node:crypto';
import {
  DEFAULT_SETTINGS,
  type Origin,
  type ResolvedSettings,
  SETTING_KEYS,
  type SettingKey,
  settingDefinition,
} from '@flowyard/protocol';
import type { Stores } from '../../db/stores.ts';
import type { InstanceRow, VariableRow } from '../instances/instance-row.ts';
import { readTemplateContent, type TemplateContent } from '../templates/content.ts';
import { type Level, type Resolved, resolveLevels } from './resolve-settings.ts';
import { readStored, type StoredSettings } from './stored-settings.ts';

type InstancePlace = Pick<
  InstanceRow,
  'id' | 'name' | 'teamId' | 'applicationId' | 'applicationName' | 'templateId' | 'templateName' | 'settings'
>;

/** The template of an instance in its newest version. */
export interface InstanceTemplate {
  id: string;
  name: string;
  version: number;
  content: TemplateContent;
}

const DEFAULT_ORIGIN: Origin = { kind: 'default', id: null, name: null };

function templateOrigin({ id, name }: { id: string; name: string }): Origin {
  return { kind: 'template', id, name };
}

function settingLevel(
  origin: Origin,
  settings: StoredSettings,
  locked: readonly string[] = [],
): Level<unknown> {
  const entries = Object.entries(settings).map(
    ([key, value]) => [key, { value, locked: locked.includes(key) }] as const,
  );
  return { origin, values: new Map(entries) };
}

function variableLevel(
  origin: Origin,
  rows: ReadonlyArray<VariableRow & { locked?: boolean }>,
): Level<VariableRow> {
  const entries = rows.map(({ locked = false, ...row }) => [row.name, { value: row, locked }] as const);
  return { origin, values: new Map(entries) };
}

export async function readInstanceTemplate(
  stores: Stores,
  { templateId, templateName }: Pick<InstanceRow, 'templateId' | 'templateName'>,
): Promise<InstanceTemplate> {
  const newest = await stores.templates.newest(templateId);
  return {
    id: templateId,
    name: templateName,
    version: newest?.version ?? 1,
    content: readTemplateContent(newest?.content),
  };
}

/** Every setting of an instance with where it comes from; without `own`, as if the instance said nothing itself. */
export function resolveInstanceSettings(
  template: InstanceTemplate,
  instance: { id: string; name: string },
  own: StoredSettings,
): Map<SettingKey, Resolved<unknown>> {
  return resolveLevels([
    settingLevel(DEFAULT_ORIGIN, DEFAULT_SETTINGS),
    settingLevel(templateOrigin(template), template.content.settings, template.content.locked),
    settingLevel({ kind: 'instance', id: instance.id, name: instance.name }, own),
  ]) as Map<SettingKey, Resolved<unknown>>;
}

/** Every variable of an instance with where it comes from. */
export async function resolveInstanceVariables(
  stores: Stores,
  instance: InstancePlace,
  template: InstanceTemplate,
): Promise<Map<string, Resolved<VariableRow>>> {
  const { teamId, applicationId } = instance;
  const shared = await stores.variables.above(teamId, applicationId);
  const own = await stores.instances.variables(instance.id);
  return resolveLevels([
    variableLevel({ kind: 'platform', id: null, name: null }, shared.platform),
    variableLevel(templateOrigin(template), template.content.variables),
    variableLevel({ kind: 'team', id: teamId, name: null }, shared.team),
    variableLevel(
      { kind: 'application', id: applicationId, name: instance.applicationName },
      shared.application,
    ),
    variableLevel({ kind: 'instance', id: instance.id, name: instance.name }, own),
  ]);
}

export function ownSettings(instance: Pick<InstanceRow, 'settings'>): StoredSettings {
  return readStored(instance.settings);
}

/** All settings of an instance with their values. */
export async function instanceSettings(stores: Stores, instance: InstanceRow): Promise<ResolvedSettings> {
  const template = await readInstanceTemplate(stores, instance);
  return valuesOf(resolveInstanceSettings(template, instance, ownSettings(instance)));
}

/** Whether flows of an instance change only through a pipeline or by rolling back; asked for each that is shown. */
export function isProtected(
  instance: Pick<InstanceRow, 'id' | 'name' | 'settings' | 'templateId' | 'templateName' | 'templateContent'>,
): boolean {
  const { settings, locked } = readTemplateContent(instance.templateContent);
  const template = { id: instance.templateId, name: instance.templateName };
  const only = ({ 'editor.protected': value }: StoredSettings): StoredSettings =>
    value === undefined ? {} : { 'editor.protected': value };
  const resolved = resolveLevels([
    settingLevel(templateOrigin(template), only(settings), locked),
    settingLevel({ kind: 'instance', id: instance.id, name: instance.name }, only(ownSettings(instance))),
  ]);
  return (resolved.get('editor.protected')?.value ?? DEFAULT_SETTINGS['editor.protected']) === true;
}

export function valuesOf(resolved: ReadonlyMap<SettingKey, Resolved<unknown>>): ResolvedSettings {
  return Object.fromEntries(
    [...resolved].map(([key, { value }]) => [key, value]),
  ) as unknown as ResolvedSettings;
}

/** What a process is started with, as far as changing it needs a restart. Written down with each start. */
export interface StartFacts {
  settings: StoredSettings;
  variables: string;
  modules: Record<string, string>;
  template: { id: string; version: number };
}

/** Settings that a running process does not learn of. */
export const RESTART_KEYS: readonly SettingKey[] = SETTING_KEYS.filter(
  (key) => settingDefinition(key).applies !== 'live',
);

export function startFacts(
  template: InstanceTemplate,
  settings: ReadonlyMap<SettingKey, Resolved<unknown>>,
  variables: ReadonlyMap<string, Resolved<VariableRow>>,
): StartFacts {
  const sorted = [...variables.values()]
    .map(({ value }) => [value.name, value.value])
    .sort(([a = ''], [b = '']) => (a < b ? -1 : 1));
  return {
    settings: Object.fromEntries(RESTART_KEYS.map((key) => [key, settings.get(key)?.value])),
    variables: createHash('sha256').update(JSON.stringify(sorted)).digest('base64url'),
    modules: template.content.modules,
    template: { id: template.id, version: template.version },
  };
}

/** Which settings a process lacks until it is restarted. */
export function pendingKeys(started: StartFacts | null, now: StartFacts): SettingKey[] {
  return started === null
    ? []
    : RESTART_KEYS.filter(
        (key) => JSON.stringify(started.settings[key]) !== JSON.stringify(now.settings[key]),
      );
}

/** Whether a restart would change anything. */
export function isRestartNeeded(started: StartFacts | null, now: StartFacts): boolean {
  return (
    started !== null &&
    (started.variables !== now.variables ||
      JSON.stringify(started.modules) !== JSON.stringify(now.modules) ||
      pendingKeys(started, now).length > 0)
  );
}

/** What the running process of an instance was started with; null when none runs. */
export function startedWith(
  instance: Pick<InstanceRow, 'startedWith' | 'desired' | 'state'>,
): StartFacts | null {
  const runs =
    instance.desired === 'running' && !['created', 'stopped', 'suspended'].includes(instance.state);
  return runs && instance.startedWith !== null ? (JSON.parse(instance.startedWith) as StartFacts) : null;
}
