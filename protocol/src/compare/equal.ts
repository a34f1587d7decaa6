/** Whether two values of JSON are the same. Keys may come in any order; nothing is too deep for it. */
export function isEqualJson(before: unknown, after: unknown): boolean {
  if (before === after) {
    return true;
  }
  if (!isObject(before) || !isObject(after)) {
    return false;
  }
  // Two for each pair; a list of its own for each would be most of the work.
  const pending: unknown[] = [before, after];
  while (pending.length > 0) {
    const b = pending.pop();
    const a = pending.pop();
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
      pending.push(a[key], b[key]);
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
