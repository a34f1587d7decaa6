const NAMESPACE = '@flowyard/plugins/flowyard-sidebar';

/** The words for a key in the language of the editor. */
export function t(key: string, values: Record<string, string | number> = {}): string {
  return RED._(`${NAMESPACE}:${key}`, values as unknown as Record<string, string>);
}
