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
  const names = new Set([...Object.keys(before.node), ...Object.keys(after.node)]);
  const changes: PropertyChange[] = [];
  for (const name of names) {
    if (except.has(name) || NEVER_SHOWN.has(name)) {
      continue;
    }
    const values = [own(before.node, name), own(after.node, name)];
    const same =
      Object.hasOwn(before.node, name) === Object.hasOwn(after.node, name) &&
      isEqualJson(values[0], values[1]);
    if (!same) {
      changes.push(describe(name, before, after, texts));
    }
  }
  return changes;
}

function describe(name: string, before: Side, after: Side, texts: TextBudget): PropertyChange {
  const old = shown(before, name);
  const now = shown(after, name);
  const inLines = old.text !== null && now.text !== null && (isLong(old.text) || isLong(now.text));
  return {
    name,
    ...(old.value === undefined ? {} : { before: old.value }),
    ...(now.value === undefined ? {} : { after: now.value }),
    beforeSize: old.size,
    afterSize: now.size,
    ...(old.name === undefined ? {} : { beforeName: old.name }),
    ...(now.name === undefined ? {} : { afterName: now.name }),
    hunks: inLines ? texts.compare(old.text ?? '', now.text ?? '') : null,
  };
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
  return {
    ...(text.length <= LONGEST_VALUE ? { value } : {}),
    text,
    size: text.length,
    ...(typeof value === 'string' && index.nodes.has(value) ? { name: index.nameOf(value) } : {}),
  };
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
