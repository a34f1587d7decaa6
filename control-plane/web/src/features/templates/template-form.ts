import type { TemplateDetail } from '@flowyard/protocol';
import { type VariableRow, variableInputs, variableRow } from '../instances/variable-row.ts';
import type { SettingValues } from '../settings/setting-fields.ts';

/** The content of a template while it is edited. */
export interface TemplateForm {
  settings: SettingValues;
  locked: string[];
  variables: VariableRow[];
  lockedVariables: string[];
  /** One module in each line, as in `node-red-dashboard@3.6.5`. */
  modules: string;
  /** Flows as JSON; empty for none. */
  flows: string;
}

export function formOf({ content }: TemplateDetail): TemplateForm {
  return {
    settings: { ...content.settings },
    locked: [...content.locked],
    variables: content.variables.map((variable) => variableRow(variable)),
    lockedVariables: content.variables.filter(({ locked }) => locked).map(({ name }) => name),
    modules: Object.entries(content.modules)
      .map(([name, version]) => `${name}@${version}`)
      .join('\n'),
    flows: content.flows === null ? '' : JSON.stringify(content.flows, null, 2),
  };
}

export function parseModules(text: string): Record<string, string> {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf('@', 1);
      return at === -1 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)];
    }),
  );
}

/** Null for an empty text, undefined when it is not a list of nodes. */
export function parseFlows(text: string): unknown[] | null | undefined {
  if (text.trim() === '') {
    return null;
  }
  try {
    const flows: unknown = JSON.parse(text);
    return Array.isArray(flows) ? flows : undefined;
  } catch {
    return undefined;
  }
}

/** What is sent. */
export function contentOf(form: TemplateForm) {
  return {
    settings: form.settings,
    locked: form.locked,
    variables: variableInputs(form.variables).map((variable) => ({
      ...variable,
      locked: form.lockedVariables.includes(variable.name),
    })),
    modules: parseModules(form.modules),
    flows: parseFlows(form.flows) ?? null,
  };
}
