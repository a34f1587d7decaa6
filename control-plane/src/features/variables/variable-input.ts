import { VariableInput } from '@flowyard/protocol';
import { parse } from 'dotenv';
import { invalid } from '../../errors.ts';
import type { Vault } from '../../secrets/vault.ts';
import type { VariableRow } from '../instances/instance-row.ts';

/** Rows for what somebody entered; secrets are sealed, and those without a value stay as they were. */
export function toVariables(
  items: readonly VariableInput[],
  before: readonly VariableRow[],
  vault: Vault,
): VariableRow[] {
  const names = items.map((item) => item.name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw invalid('items', `names ${twice} twice`);
  }
  return items.map((item) => toVariable(item, before, vault));
}

function toVariable(item: VariableInput, before: readonly VariableRow[], vault: Vault): VariableRow {
  const { name, value, secret } = item;
  if (value !== undefined) {
    return { name, value: secret ? vault.seal(value) : value, secret };
  }
  const known = before.find((row) => row.name === name);
  if (known === undefined || !known.secret || !secret) {
    throw invalid('items', `needs a value for ${name}`);
  }
  return { name, value: known.value, secret };
}

export function showVariable({ name, value, secret }: VariableRow) {
  return { name, value: secret ? null : value, secret };
}

/** Names that differ between two sets, for the audit log; values are never written down. */
export function changedNames(before: readonly VariableRow[], after: readonly VariableRow[]): string[] {
  const values = (rows: readonly VariableRow[]) =>
    new Map(rows.map((row) => [row.name, `${row.secret} ${row.value}`]));
  const [old, now] = [values(before), values(after)];
  return [...new Set([...old.keys(), ...now.keys()])]
    .filter((name) => old.get(name) !== now.get(name))
    .sort();
}

/** What of a .env file can become variables, and why the rest cannot. */
export function parseDotEnv(text: string): {
  items: Array<{ name: string; value: string }>;
  refused: Array<{ name: string; reason: string }>;
} {
  const items: Array<{ name: string; value: string }> = [];
  const refused: Array<{ name: string; reason: string }> = [];
  for (const [name, value] of Object.entries(parse(text))) {
    const checked = VariableInput.safeParse({ name, value });
    if (checked.success) {
      items.push({ name, value });
    } else {
      refused.push({ name, reason: checked.error.issues[0]?.message ?? 'is not usable' });
    }
  }
  return { items, refused };
}
