import assert from 'node:assert/strict';
import type { LinkedEntry } from '../../../control-plane/src/features/audit/store.ts';
import { cutBatch } from '../../../control-plane/src/features/audit-streams/batch.ts';

function linked(sequence: number, size: number | null): LinkedEntry {
  const link = { sequence, entryId: `e${sequence}`, teamId: null, at: '', digest: '', hash: `h${sequence}` };
  const entry = {
    id: link.entryId,
    at: '2026-03-01T00:00:00.000Z',
    event: 'team.changed',
    actorKind: 'system' as const,
    actorId: null,
    actorName: 'System',
    via: 'system' as const,
    address: null,
    teamId: null,
    applicationId: null,
    subjectKind: 'team',
    subjectId: 't',
    subjectName: 'T',
    details: JSON.stringify({ text: 'x'.repeat(size ?? 0) }),
  };
  return { link, entry: size === null ? null : entry };
}

const sequencesOf = (batch: ReturnType<typeof cutBatch>) => batch?.entries.map(({ sequence }) => sequence);

describe('A batch of the audit log', () => {
  it('ends before it has more bytes than it may', () => {
    const batch = cutBatch([linked(4, 100), linked(7, 100), linked(9, 5000)], 2000);

    assert.deepEqual([sequencesOf(batch), batch?.cursor], [[4, 7], 7]);
  });

  it('is one entry that is larger than a batch may be, since it would wait for ever otherwise', () => {
    const batch = cutBatch([linked(4, 5000), linked(5, 1)], 2000);

    assert.deepEqual([sequencesOf(batch), batch?.cursor], [[4], 4]);
  });

  it('counts what was removed, and passes over it', () => {
    const batch = cutBatch([linked(1, null), linked(2, 1), linked(3, null), linked(5, null)], 2000);

    assert.deepEqual([sequencesOf(batch), batch?.missing, batch?.cursor], [[2], 3, 5]);
  });

  it('is nothing where nothing is', () => {
    assert.equal(cutBatch([], 2000), null);
  });
});
