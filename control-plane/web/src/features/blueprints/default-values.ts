import type { BlueprintVariable } from '@flowyard/protocol';

/** What the form of a blueprint begins with. */
export function defaultValues(variables: readonly BlueprintVariable[]): Record<string, string> {
  return Object.fromEntries(
    variables.map(({ name, type, default: usual }) => [name, usual ?? (type === 'boolean' ? 'false' : '')]),
  );
}
