function describeValue(value: unknown): string {
  if (typeof value !== 'object' || value === null) {
    return String(value);
  }
  if (Array.isArray(value)) {
    return value.map(describeValue).join(', ');
  }
  const { before, after, name } = value as Record<string, unknown>;
  if (before !== undefined || after !== undefined) {
    return `${describeValue(before ?? 'nothing')} → ${describeValue(after ?? 'nothing')}`;
  }
  return typeof name === 'string' ? name : describeDetails(value as Record<string, unknown>);
}

/** What an entry of the audit log says besides who and what, for people: no identifiers, nothing empty. */
export function describeDetails(details: Record<string, unknown>): string {
  return Object.entries(details)
    .filter(([name, value]) => value !== null && value !== '' && name !== 'id' && !name.endsWith('Id'))
    .map(([name, value]) => `${name}: ${describeValue(value)}`)
    .join(' · ');
}
