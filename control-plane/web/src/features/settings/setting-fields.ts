import type { SettingDefinitionView } from '@flowyard/protocol';
import { api, ask } from '../../shared/api/client.ts';

export type SettingValues = Record<string, unknown>;

let known: Promise<SettingDefinitionView[]> | undefined;

/** Every setting there is; asked for once. */
export function settingDefinitions(): Promise<SettingDefinitionView[]> {
  known ??= ask(api.GET('/settings'))
    .then(({ items }) => items as SettingDefinitionView[])
    .catch((error: unknown) => {
      known = undefined;
      throw error;
    });
  return known;
}

export interface SettingSection {
  title: string;
  definitions: SettingDefinitionView[];
}

/** The settings by section, in the order of the table. */
export function sectionsOf(definitions: readonly SettingDefinitionView[]): SettingSection[] {
  const sections = new Map<string, SettingDefinitionView[]>();
  for (const definition of definitions) {
    sections.set(definition.section, [...(sections.get(definition.section) ?? []), definition]);
  }
  return [...sections].map(([title, list]) => ({ title, definitions: list }));
}

export function isStoredSecret(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'set' in value;
}

/** A value as the text of its field. */
export function textOf({ input }: SettingDefinitionView, value: unknown): string {
  if (value === null || value === undefined || isStoredSecret(value)) {
    return '';
  }
  return input === 'list' ? (value as string[]).join('\n') : String(value);
}

/** The value that a text means. A number that is none stays a text, so that the server says what is wrong. */
export function typedValue({ input }: SettingDefinitionView, text: string): unknown {
  const trimmed = text.trim();
  if (input === 'list') {
    return text
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
  }
  if (trimmed === '') {
    return null;
  }
  return input === 'number' && Number.isFinite(Number(trimmed)) ? Number(trimmed) : text;
}

/** A value in words, for what cannot be changed and for lists of differences. */
export function wordsOf(definition: SettingDefinitionView | undefined, value: unknown): string {
  if (value === null || value === undefined) {
    return 'none';
  }
  if (isStoredSecret(value)) {
    return 'stored';
  }
  if (typeof value === 'boolean') {
    return value ? 'on' : 'off';
  }
  if (Array.isArray(value)) {
    return value.length === 0 ? 'none' : value.join(', ');
  }
  const word = definition?.choices?.[String(value)] ?? String(value);
  return definition?.unit ? `${word} ${definition.unit}` : word;
}
