interface PatchOptions {
  /** Whether an entity that is not there yet may be added; a filtered list does not know. */
  mayAdd: boolean;
  /** As in histories; other lists go by name. */
  newestFirst: boolean;
  /** Whether the list goes on after what is loaded. */
  hasMore: boolean;
}

interface Listed {
  id: string;
  name?: string;
}

/** Puts a changed entity into a list, or takes it out when it is null. `grown` is by how many the list grew. */
export function patchList<T extends Listed>(
  items: readonly T[],
  id: string,
  entity: T | null,
  options: PatchOptions,
): { items: T[]; grown: -1 | 0 | 1 } {
  const known = items.some((item) => item.id === id);
  if (entity === null) {
    return { items: items.filter((item) => item.id !== id), grown: known ? -1 : 0 };
  }
  if (known) {
    return { items: items.map((item) => (item.id === id ? entity : item)), grown: 0 };
  }
  if (!options.mayAdd) {
    return { items: [...items], grown: 0 };
  }
  const next = items.findIndex((item) => goesBefore(entity, item, options.newestFirst));
  if (next === -1 && options.hasMore) {
    // It belongs into the part that is not loaded, and most likely was counted there.
    return { items: [...items], grown: 0 };
  }
  const at = next === -1 ? items.length : next;
  return { items: [...items.slice(0, at), entity, ...items.slice(at)], grown: 1 };
}

/** Ids grow with time. */
function goesBefore(entity: Listed, other: Listed, newestFirst: boolean): boolean {
  return newestFirst ? entity.id > other.id : (entity.name ?? entity.id) < (other.name ?? other.id);
}
