/** Whether two values of JSON are the same. Keys may come in any order; nothing is too deep for it. */
export function isEqualJson(before: unknown, after: unknown): boolean {
  const pending: Array<[unknown, unknown]> = [[before, after]];
  for (let pair = pending.pop(); pair !== undefined; pair = pending.pop()) {
    const [a, b] = pair;
    if (a === b) {
      continue;
    }
    if (!isObject(a) || !isObject(b) || Array.isArray(a) !== Array.isArray(b)) {
      return false;
    }
    const keys = Object.keys(a);
    if (keys.length !== Object.keys(b).length) {
      return false;
    }
    for (const key of keys) {
      if (!Object.hasOwn(b, key)) {
        return false;
      }
      pending.push([a[key], b[key]]);
    }
  }
  return true;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** An own property: never what objects have without being given it. */
export function own(node: object, name: string): unknown {
  return Object.hasOwn(node, name) ? (node as Record<string, unknown>)[name] : undefined;
}
