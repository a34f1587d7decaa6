import type { VariableRow } from '../instances/instance-row.ts';
import type { StoredSettings } from '../settings/stored-settings.ts';

/** One version of a template as it is stored: secrets sealed, flows as a blob. */
export interface TemplateContent {
  settings: StoredSettings;
  /** Keys of settings that instances may not override. */
  locked: string[];
  variables: Array<VariableRow & { locked: boolean }>;
  modules: Record<string, string>;
  /** Digest of the flows that a new instance begins with. */
  flows: string | null;
}

export const EMPTY_TEMPLATE: TemplateContent = {
  settings: {},
  locked: [],
  variables: [],
  modules: {},
  flows: null,
};

/** The row of a version; a template that was never changed has none. */
export function readTemplateContent(json: string | null | undefined): TemplateContent {
  return json === null || json === undefined
    ? EMPTY_TEMPLATE
    : { ...EMPTY_TEMPLATE, ...(JSON.parse(json) as Partial<TemplateContent>) };
}
