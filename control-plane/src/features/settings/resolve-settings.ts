import type { Origin } from '@flowyard/protocol';

/** One place where settings or variables come from. */
export interface Level<V> {
  origin: Origin;
  values: ReadonlyMap<string, { value: V; locked?: boolean }>;
}

export interface Resolved<V> {
  value: V;
  origin: Origin;
  /** Whether stronger levels may not say otherwise. */
  locked: boolean;
}

/**
 * What counts, by name. Levels come weakest first; a stronger one overrides a weaker one, except where the weaker one
 * is locked. Of several that are locked the weakest wins: it was locked against all the others.
 */
export function resolveLevels<V>(levels: readonly Level<V>[]): Map<string, Resolved<V>> {
  const resolved = new Map<string, Resolved<V>>();
  for (const { origin, values } of levels) {
    for (const [name, { value, locked = false }] of values) {
      if (!resolved.get(name)?.locked) {
        resolved.set(name, { value, origin, locked });
      }
    }
  }
  return resolved;
}
