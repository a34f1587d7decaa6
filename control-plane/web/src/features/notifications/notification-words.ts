import type { NotificationView, Severity } from '@flowyard/protocol';
import { mdiAlertCircleOutline, mdiAlertOutline, mdiInformationOutline } from '@mdi/js';
import type { Tone } from '../../shared/status-words.ts';

export const SEVERITIES: Record<Severity, { word: string; icon: string; tone: Tone }> = {
  error: { word: 'Error', icon: mdiAlertCircleOutline, tone: 'bad' },
  warning: { word: 'Warning', icon: mdiAlertOutline, tone: 'warn' },
  info: { word: 'For you', icon: mdiInformationOutline, tone: 'busy' },
};

const PAGES: Record<string, (id: string) => string> = {
  instance: (id) => `/instances/${id}`,
  device: (id) => `/devices/${id}`,
  deployment: (id) => `/deployments/${id}`,
  application: (id) => `/applications/${id}/devices`,
  team: (id) => `/teams/${id}/devices`,
  stack: () => '/admin/stacks',
  invitation: () => '/',
};

/** The page of what a notification is about. */
export function pageOf({ subject, teamId }: Pick<NotificationView, 'subject' | 'teamId'>): string {
  if (subject.kind === 'audit-stream') {
    return `${teamId === null ? '/admin' : `/teams/${teamId}`}/audit/streams`;
  }
  return PAGES[subject.kind]?.(subject.id) ?? '/notifications';
}

/** The first line says what happened; a log may follow. */
export function headOf(text: string): string {
  return text.split('\n')[0] ?? '';
}
