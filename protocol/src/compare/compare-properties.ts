import type { FlowNode } from '../flows.ts';
import type { TextBudget } from './compare-text.ts';
import type { PropertyChange } from './comparison.ts';
import { isEqualJson, isObject, own } from './equal.ts';
import type { FlowsIndex } from './flows-index.ts';

/** A value with more characters is not repeated in the comparison; its size is. */
const LONGEST_VALUE = 2_000;
/** Credentials are kept apart from flows. Where a file has them among the properties, they are not for showing. */
const NEVER_SHOWN: ReadonlySet<string> = new Set(['credentials']);
const HIDDEN = '(hidden)';

export interface Side {
  node: FlowNode;
  index: FlowsIndex;
}

/** The properties that differ, but for those that are told in another way. */
export function compareProperties(
  before: Side,
  after: Side,
  { except, texts }: { except: ReadonlySet<string>; texts: TextBudget },
): PropertyChange[] {
  const changes: PropertyChange[] = [];
  const compare = (name: string, isThere: boolean) => {
    if (except.has(name) || NEVER_SHOWN.has(name)) {
      return;
    }
    if (!isThere || !isEqualJson(before.node[name], after.node[name])) {
      changes.push(describe(name, before, after, texts));
    }
  };
  for (const name of Object.keys(before.node)) {
    compare(name, Object.hasOwn(after.node, name));
  }
  for (const name of Object.keys(after.node)) {
    if (!Object.hasOwn(before.node, name)) {
      compare(name, false);
    }
  }
  return changes;
}

function describe(name: string, before: Side, after: Side, texts: TextBudget): PropertyChange {
  const old = shown(before, name);
  const now = shown(after, name);
  const inLines = old.text !== null && now.text !== null && (isLong(old.text) || isLong(now.text));
  const change: PropertyChange = {
    name,
    beforeSize: old.size,
    afterSize: now.size,
    hunks: inLines ? texts.compare(old.text ?? '', now.text ?? '') : null,
  };
  // Given one by one, since spreading them takes longer than all else.
  if (old.value !== undefined) {
    change.before = old.value;
  }
  if (now.value !== undefined) {
    change.after = now.value;
  }
  if (old.name !== undefined) {
    change.beforeName = old.name;
  }
  if (now.name !== undefined) {
    change.afterName = now.name;
  }
  return change;
}

function isLong(text: string): boolean {
  return text.includes('\n');
}

interface Shown {
  value?: unknown;
  /** Null when there is no such property, or it is too deep to be written down. */
  text: string | null;
  size: number | null;
  name?: string;
}

function shown({ node, index }: Side, property: string): Shown {
  if (!Object.hasOwn(node, property)) {
    return { text: null, size: null };
  }
  const value = property === 'env' ? withoutSecrets(own(node, property)) : own(node, property);
  const text = typeof value === 'string' ? value : written(value);
  if (text === null) {
    return { text: null, size: 0 };
  }
  const found: Shown = { text, size: text.length };
  if (text.length <= LONGEST_VALUE) {
    found.value = value;
    if (typeof value === 'string' && index.nodes.has(value)) {
      found.name = index.nameOf(value);
    }
  }
  return found;
}

/** As JSON, on lines of its own for lists and objects; null for what is too deep for that. */
function written(value: unknown): string | null {
  try {
    return JSON.stringify(value, null, isObject(value) ? 2 : undefined) ?? null;
  } catch {
    return null;
  }
}

/** Variables of flows, groups and subflows can be credentials. */
function withoutSecrets(env: unknown): unknown {
  return Array.isArray(env)
    ? env.map((entry: unknown) =>
        isObject(entry) && own(entry, 'type') === 'cred' && Object.hasOwn(entry, 'value')
          ? { ...entry, value: HIDDEN }
          : entry,
      )
    : env;
}
