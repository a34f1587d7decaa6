function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string {
  if (value === undefined || value === null || value === '') {
    return '–';
  }
  if (Array.isArray(value)) {
    return value.length === 0 ? '–' : value.map(textOf).join(', ');
  }
  return typeof value === 'object' ? JSON.stringify(value, null, 1) : String(value);
}

/** The details of an entry of the audit log as rows: what was changed field by field, and what else is known. */
export function comparedValues(details: Record<string, unknown>) {
  const { before, after, ...others } = details;
  const isChange = 'before' in details || 'after' in details;
  const byField = isRecord(before) || isRecord(after);
  const fields = [
    ...new Set([
      ...Object.keys(isRecord(before) ? before : {}),
      ...Object.keys(isRecord(after) ? after : {}),
    ]),
  ];
  const valueIn = (side: unknown, name: string) =>
    isRecord(side) && Object.hasOwn(side, name) ? side[name] : undefined;
  const changes = byField
    ? fields.map((name) => ({
        name,
        before: textOf(valueIn(before, name)),
        after: textOf(valueIn(after, name)),
      }))
    : [{ name: 'value', before: textOf(before), after: textOf(after) }];
  return {
    changes: isChange ? changes : [],
    others: Object.entries(others).map(([name, value]) => ({ name, value: textOf(value) })),
  };
}
