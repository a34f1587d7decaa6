import { createHash, createHmac } from 'node:crypto';
import type { StoredAuditEntry } from './store.ts';

/** What the chain knows of one entry. Without the platform's key nobody can make a link that fits. */
export interface AuditLink {
  sequence: number;
  entryId: string;
  teamId: string | null;
  at: string;
  /** Of the entry's content. */
  digest: string;
  hash: string;
}

export type AuditHead = Pick<AuditLink, 'sequence' | 'hash'>;

const BEFORE_THE_FIRST: AuditHead = { sequence: 0, hash: '' };

export function digestOf(entry: StoredAuditEntry): string {
  const content = [
    entry.id,
    entry.at,
    entry.event,
    entry.actorKind,
    entry.actorId,
    entry.actorName,
    entry.via,
    entry.address,
    entry.teamId,
    entry.applicationId,
    entry.subjectKind,
    entry.subjectId,
    entry.subjectName,
    entry.details,
  ];
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}

/** The hash of a link: keyed, over all that it says and over the hash before it. */
export function hashOf(link: Omit<AuditLink, 'hash'>, previous: string, key: Buffer): string {
  const content = [previous, link.sequence, link.entryId, link.teamId, link.at, link.digest];
  return createHmac('sha256', key).update(JSON.stringify(content)).digest('hex');
}

/** Links entries, in their order, to the newest link there is. */
export function linkEntries(
  entries: readonly StoredAuditEntry[],
  head: AuditHead | null,
  key: Buffer,
): AuditLink[] {
  let { sequence, hash } = head ?? BEFORE_THE_FIRST;
  return entries.map((entry) => {
    sequence++;
    const link = { sequence, entryId: entry.id, teamId: entry.teamId, at: entry.at, digest: digestOf(entry) };
    hash = hashOf(link, hash, key);
    return { ...link, hash };
  });
}
