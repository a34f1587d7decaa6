import {
  type SettingKey,
  settingDefinition,
  type TemplateContentInput,
  type TemplateContent as TemplateContentView,
} from '@flowyard/protocol';
import type { Stores } from '../../db/stores.ts';
import { conflict, invalid, invalidFields } from '../../errors.ts';
import type { Vault } from '../../secrets/vault.ts';
import { settingProblems } from '../settings/service.ts';
import { keepSecrets, type StoredSettings, shownSetting } from '../settings/stored-settings.ts';
import { toVariables } from '../variables/variable-input.ts';
import type { TemplateContent } from './content.ts';
import type { TemplateUser } from './store.ts';

interface NamedTemplate {
  id: string;
  name: string;
  version: number;
}

const MAX_NAMED = 20;

/** What somebody entered, as it is stored. */
export async function toStoredContent(
  stores: Stores,
  vault: Vault,
  input: TemplateContentInput,
  sealedSettings: StoredSettings,
  before: TemplateContent,
): Promise<TemplateContent> {
  const settings = keepSecrets(sealedSettings, before.settings, 'content.settings');
  const empty = input.locked.find((key) => settings[key] === undefined);
  if (empty !== undefined) {
    throw invalid('content.locked', `names ${empty}, which the template does not set`);
  }
  const locked = new Set(input.variables.filter((item) => item.locked).map(({ name }) => name));
  const variables = toVariables(
    input.variables.map(({ locked: _, ...item }) => item),
    before.variables,
    vault,
  );
  return {
    settings,
    locked: [...new Set(input.locked)],
    variables: variables.map((row) => ({ ...row, locked: locked.has(row.name) })),
    modules: input.modules,
    flows: input.flows === null ? null : await stores.blobs.put(Buffer.from(JSON.stringify(input.flows))),
  };
}

/** What is stored, as administrators may see it. */
export async function showContent(stores: Stores, content: TemplateContent): Promise<TemplateContentView> {
  const settings = Object.entries(content.settings).map(([key, value]) => [
    key,
    shownSetting(key as SettingKey, value),
  ]);
  return {
    settings: Object.fromEntries(settings) as TemplateContentView['settings'],
    locked: content.locked as SettingKey[],
    variables: content.variables.map(({ name, value, secret, locked }) => ({
      name,
      value: secret ? null : value,
      secret,
      locked,
    })),
    modules: content.modules,
    flows: content.flows === null ? null : JSON.parse((await stores.blobs.get(content.flows)).toString()),
  };
}

/** @throws AppError 422 when the template could not be had even by an instance that says nothing itself */
export function refuseImpossible(template: NamedTemplate, content: TemplateContent): void {
  const problems = settingProblems({ ...template, content }, { id: '', name: '', modules: '{}' }, {});
  if (problems.length > 0) {
    throw invalidFields(problems.map(({ key, message }) => ({ field: `content.settings.${key}`, message })));
  }
}

/** @throws AppError 409 with the instances that could not have this content */
export function refuseForInstances(
  template: NamedTemplate,
  content: TemplateContent,
  users: readonly TemplateUser[],
): void {
  const inTheWay = users.flatMap((user) => {
    const own = JSON.parse(user.settings) as StoredSettings;
    const problems = settingProblems({ ...template, content }, user, own);
    return problems.length === 0 ? [] : [{ user, problems }];
  });
  if (inTheWay.length === 0) {
    return;
  }
  const names = inTheWay.slice(0, 3).map(({ user }) => user.name);
  const more = inTheWay.length > names.length ? ` and ${inTheWay.length - names.length} more` : '';
  throw conflict(
    'instances_in_the_way',
    `This does not go with what instances have: ${names.join(', ')}${more}. Change those first.`,
    {
      instances: inTheWay.slice(0, MAX_NAMED).map(({ user, problems }) => ({
        id: user.id,
        name: user.name,
        team: user.teamName,
        problems: problems.map(({ key, message }) => `${settingDefinition(key).title} ${message}`),
      })),
      total: inTheWay.length,
    },
  );
}
