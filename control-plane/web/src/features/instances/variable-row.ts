import type { VariableView } from '@flowyard/protocol';

/** A variable while it is edited. */
export interface VariableRow {
  /** Keeps the row apart from the others while its name changes. */
  key: number;
  name: string;
  value: string;
  secret: boolean;
  /** The secret value is stored and stays when nothing is typed. */
  kept: boolean;
}

let nextKey = 1;

/** A row to type into, or one that shows what is stored. */
export function variableRow(stored?: VariableView): VariableRow {
  const key = nextKey++;
  return stored
    ? { key, name: stored.name, value: stored.value ?? '', secret: stored.secret, kept: stored.secret }
    : { key, name: '', value: '', secret: false, kept: false };
}

/** The rows as the API takes them: secrets that are kept go without a value. */
export function variableInputs(
  rows: readonly VariableRow[],
): Array<{ name: string; secret: boolean; value?: string }> {
  return rows.map(({ name, value, secret, kept }) => ({
    name,
    secret,
    ...((!kept || value !== '') && { value }),
  }));
}

/** Names and values of the rows that have a name. */
export function variablesOf(rows: readonly VariableRow[]): Record<string, string> {
  return Object.fromEntries(rows.filter(({ name }) => name !== '').map(({ name, value }) => [name, value]));
}

/** Rows from the text of a `.env` file: NAME=value, with # comments and optional quotes. */
export function rowsFromDotEnv(text: string): VariableRow[] {
  return text
    .split(/\r?\n/)
    .map((line) => /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*$/.exec(line))
    .filter((match) => match !== null)
    .map(([, name = '', value = '']) => ({
      ...variableRow(),
      name,
      value: /^(["']).*\1$/.test(value) ? value.slice(1, -1) : value,
    }));
}
