// The tables in docs/ that are made from the code: `npm run docs` writes them, a test looks whether they are true.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  AUDIT_EVENT_FAMILIES,
  AUDIT_EVENTS,
  NOTIFICATION_KINDS,
  PERMISSIONS,
  ROLE_PERMISSIONS,
  ROLES,
  SETTING_KEYS,
  SETTING_SECTIONS,
  settingDefinition,
} from '../protocol/src/index.ts';

const DOCS = join(import.meta.dirname, '..', 'docs');

/** A table with its columns in line, as the formatter wants it. */
function table(rows: string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(3, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [head = [], ...body] = rows;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n');
}

function auditEvents(): string {
  const events = Object.entries({ ...AUDIT_EVENTS, ...AUDIT_EVENT_FAMILIES });
  const rows = events
    .sort(([a], [b]) => a.localeCompare(b, 'en'))
    .map(([event, text]) => [`\`${event}\``, text]);
  return table([['event', ''], ...rows]);
}

function rolePermissions(): string {
  const rows = PERMISSIONS.map((permission) => [
    `\`${permission}\``,
    ...ROLES.map((role) => (ROLE_PERMISSIONS[role].has(permission) ? 'yes' : '')),
  ]);
  return table([['permission', ...ROLES], ...rows]);
}

function notificationKinds(): string {
  const rows = Object.entries(NOTIFICATION_KINDS).map(([kind, { severity, text }]) => [
    `\`${kind}\``,
    severity,
    text,
  ]);
  return table([['kind', '', ''], ...rows]);
}

function runtimeSettings(): string {
  const rows = SETTING_KEYS.map((key) => {
    const { section, title, help, applies, input } = settingDefinition(key);
    const value = settingDefinition(key).default;
    const shown = value === null ? 'none' : `\`${JSON.stringify(value)}\``;
    return [
      `\`${key}\``,
      `${SETTING_SECTIONS[section]}: ${title}`,
      input,
      shown,
      applies === 'live' ? 'at once' : 'restart',
      help,
    ];
  });
  return table([['setting', 'on the page', 'entered as', 'default', 'takes effect', ''], ...rows]);
}

/** Which page has which table, between the comments `<!-- table: name -->` and `<!-- end -->`. */
const TABLES = [
  { page: 'audit.md', name: 'audit events', make: auditEvents },
  { page: 'access.md', name: 'role permissions', make: rolePermissions },
  { page: 'notifications.md', name: 'notification kinds', make: notificationKinds },
  { page: 'settings.md', name: 'runtime settings', make: runtimeSettings },
] as const;

/** The pages as they should be, with what they are now. */
export function docPages(): Array<{ page: string; path: string; now: string; wanted: string }> {
  return TABLES.map(({ page, name, make }) => {
    const path = join(DOCS, page);
    const now = readFileSync(path, 'utf8');
    const place = new RegExp(`(<!-- table: ${name} -->\n)[^]*?(\n<!-- end -->)`);
    if (!place.test(now)) {
      throw new Error(`docs/${page} has no place for the table "${name}"`);
    }
    return {
      page,
      path,
      now,
      wanted: now.replace(place, (_all, head: string, tail: string) => head + make() + tail),
    };
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const { path, wanted } of docPages()) {
    writeFileSync(path, wanted);
  }
}
