import { type DriftView, isSecretSetting, type SettingKey } from '@flowyard/protocol';
import type { VariableRow } from '../instances/instance-row.ts';
import type { StartFacts } from '../settings/levels.ts';
import { readStored } from '../settings/stored-settings.ts';
import type { TemplateContent } from './content.ts';
import type { TemplateUser } from './store.ts';

type Difference = DriftView['differences'][number];

function settingDifferences(content: TemplateContent, user: TemplateUser): Difference[] {
  const own = readStored(user.settings);
  return (Object.keys(own) as SettingKey[])
    .filter(
      (key) => key in content.settings && JSON.stringify(own[key]) !== JSON.stringify(content.settings[key]),
    )
    .map((key) => ({
      kind: 'setting',
      name: key,
      template: isSecretSetting(key) ? null : content.settings[key],
      instance: isSecretSetting(key) ? null : own[key],
      ignored: content.locked.includes(key),
    }));
}

function variableDifferences(content: TemplateContent, own: readonly VariableRow[]): Difference[] {
  return content.variables.flatMap(({ name, value, secret, locked }): Difference[] => {
    const other = own.find((row) => row.name === name);
    return other === undefined || (other.value === value && other.secret === secret)
      ? []
      : [
          {
            kind: 'variable',
            name,
            template: secret ? null : value,
            instance: other.secret ? null : other.value,
            ignored: locked,
          },
        ];
  });
}

/** How an instance differs from its template; null when it does not. */
export function driftOf(
  template: { id: string; version: number; content: TemplateContent },
  user: TemplateUser,
  variables: readonly VariableRow[],
): DriftView | null {
  const started = user.startedWith === null ? null : (JSON.parse(user.startedWith) as StartFacts);
  const runningVersion = started?.template.id === template.id ? started.template.version : null;
  const behind = started !== null && runningVersion !== template.version;
  const differences = [
    ...settingDifferences(template.content, user),
    ...variableDifferences(template.content, variables),
  ];
  return !behind && differences.length === 0
    ? null
    : {
        id: user.id,
        name: user.name,
        team: { id: user.teamId, name: user.teamName },
        application: { id: user.applicationId, name: user.applicationName },
        runningVersion,
        behind,
        differences,
      };
}
