import type { InstanceChangeState } from '@flowyard/protocol';

/** What is being done in each state of a change, and about how far it is. */
export const CHANGE_WORDS: Readonly<Record<InstanceChangeState, { step: string; share: number | null }>> = {
  planned: { step: 'Waiting for its turn', share: 0.02 },
  snapshotting: { step: 'Taking a snapshot', share: 0.1 },
  stopping: { step: 'Stopping the old Node-RED', share: 0.25 },
  starting: { step: 'Starting Node-RED', share: 0.45 },
  checking: { step: 'It runs; watching whether it goes on', share: 0.75 },
  returning: { step: 'It does not run well: going back to what it had', share: null },
  succeeded: { step: 'Done', share: 1 },
  returned: { step: 'Back on what it had', share: 1 },
  failed: { step: 'Failed', share: 1 },
};
