import type { StreamedAuditEntry } from '@flowyard/protocol';
import { presentAuditEntry } from '../audit/presenter.ts';
import type { LinkedEntry } from '../audit/store.ts';

/** What fits into one batch. */
export interface CutBatch {
  entries: StreamedAuditEntry[];
  /** Links whose entry was removed by retention. */
  missing: number;
  /** The last link that is in it or was passed over. */
  cursor: number;
}

/** Cuts a batch from links in their order. An entry that is larger than a batch may be comes alone. */
export function cutBatch(linked: readonly LinkedEntry[], maxBytes: number): CutBatch | null {
  const batch: CutBatch = { entries: [], missing: 0, cursor: 0 };
  let bytes = 0;
  for (const { link, entry } of linked) {
    if (entry === null) {
      batch.missing++;
    } else {
      const { sequence, hash } = link;
      const streamed = { ...presentAuditEntry(entry), sequence, hash };
      bytes += Buffer.byteLength(JSON.stringify(streamed));
      if (bytes > maxBytes && batch.entries.length > 0) {
        break;
      }
      batch.entries.push(streamed);
    }
    batch.cursor = link.sequence;
  }
  return batch.cursor === 0 ? null : batch;
}
