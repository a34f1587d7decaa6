import type { ContentsComparison, VersionChange } from '@flowyard/protocol';
import { el } from '../dom';
import { t } from '../translate';

/** What differs beside the flows: modules, versions, variables, settings and credentials. */
export function contentSections(contents: ContentsComparison): Node[] {
  const settings = (contents.settings ?? []).map(({ key }) => t('compare.setting', { name: key }));
  return [
    ...section(t('compare.modules'), [...contents.modules, ...contents.runtime].map(versionWords)),
    ...section(
      t('compare.variables'),
      contents.variables.map(({ name, change }) => t(`compare.variable.${change}`, { name })),
    ),
    ...section(t('compare.settings'), settings),
    ...section(
      t('compare.credentials'),
      contents.credentials === 'changed' ? [t('compare.credentialsChanged')] : [],
    ),
  ];
}

/** "node-red-x 1.0.0 → 1.1.0" */
export function versionWords({ name, before, after }: VersionChange): string {
  return t('compare.version', {
    name,
    before: before ?? t('compare.none'),
    after: after ?? t('compare.none'),
  });
}

function section(title: string, lines: string[]): Node[] {
  if (lines.length === 0) {
    return [];
  }
  const items = lines.map((line) => el('li', {}, line));
  return [
    el(
      'section',
      {},
      el('h3', { class: 'flowyard-section' }, title),
      el('ul', { class: 'flowyard-facts' }, ...items),
    ),
  ];
}
