import { NOTIFICATION_KINDS, type NotificationView } from '@flowyard/protocol';
import type { Mail } from './mailer.ts';
import type { NotificationRow, ReadableRow } from './notification-store.ts';

const MAX_SUBJECT = 150;

export function presentNotification(row: ReadableRow): NotificationView {
  return {
    id: row.id,
    kind: row.kind,
    severity: NOTIFICATION_KINDS[row.kind].severity,
    teamId: row.teamId,
    applicationId: row.applicationId,
    subject: { kind: row.subjectKind, id: row.subjectId, name: row.subjectName },
    text: row.text,
    count: row.count,
    at: row.at,
    resolvedAt: row.resolvedAt,
    read: row.read,
  };
}

const PAGES: Record<string, string> = {
  instance: 'instances',
  device: 'devices',
  deployment: 'deployments',
  team: 'teams',
};

/** The page of what a notification is about. */
export function pageOf(
  row: Pick<NotificationRow, 'subjectKind' | 'subjectId' | 'teamId'>,
  publicUrl: string,
): string {
  if (row.subjectKind === 'audit-stream') {
    return `${publicUrl}${row.teamId === null ? '/admin' : `/teams/${row.teamId}`}/audit/streams`;
  }
  const page = PAGES[row.subjectKind];
  return page === undefined ? publicUrl : `${publicUrl}/${page}/${row.subjectId}`;
}

export function letterOf(row: NotificationRow, publicUrl: string): Omit<Mail, 'to'> {
  const [head = ''] = row.text.split('\n');
  return {
    subject: `${row.subjectName}: ${head}`.slice(0, MAX_SUBJECT),
    text: [
      row.text,
      '',
      pageOf(row, publicUrl),
      '',
      `What you get e-mail for is chosen at ${publicUrl}/account.`,
    ].join('\n'),
  };
}
