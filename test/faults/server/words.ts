/** `name=value` of each, for a table. */
export const inWords = (facts: Record<string, unknown>): string =>
  Object.entries(facts)
    .map(([name, value]) => `${name}=${value}`)
    .join(', ');
