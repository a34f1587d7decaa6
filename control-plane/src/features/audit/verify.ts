import type { AuditVerification } from '@flowyard/protocol';
import { type AuditHead, digestOf, hashOf } from './chain.ts';
import type { AuditStore, LinkedEntry } from './store.ts';

const BATCH = 500;
const MAX_PROBLEMS = 20;

type Problem = AuditVerification['problems'][number];

/** Goes through the chain from its first link, and looks whether everything still fits. */
class Verifier {
  readonly #key: Buffer;
  readonly problems: Problem[] = [];
  #newest: AuditHead = { sequence: 0, hash: '' };
  pruned = 0;
  /** The latest removed entry of each team, which a later retention entry must explain. */
  readonly #missing = new Map<string | null, { at: string; sequence: number }>();
  readonly #prunedBefore = new Map<string | null, string>();

  constructor(key: Buffer) {
    this.#key = key;
  }

  get head(): AuditHead | null {
    return this.#newest.sequence === 0 ? null : this.#newest;
  }

  add({ link, entry }: LinkedEntry): void {
    const { sequence } = link;
    if (sequence !== this.#newest.sequence + 1) {
      this.#tell(sequence, `Links ${this.#newest.sequence + 1} to ${sequence - 1} are missing.`);
    } else if (hashOf(link, this.#newest.hash, this.#key) !== link.hash) {
      this.#tell(sequence, 'This link was changed, or it was made without the key of this platform.');
    }
    this.#newest = { sequence, hash: link.hash };
    if (entry === null) {
      this.pruned++;
      const known = this.#missing.get(link.teamId);
      if (known === undefined || known.at < link.at) {
        this.#missing.set(link.teamId, { at: link.at, sequence });
      }
    } else if (digestOf(entry) !== link.digest) {
      this.#tell(sequence, `The entry ${entry.id} (${entry.event}, ${entry.at}) was changed.`);
    } else if (entry.event === 'audit.pruned') {
      this.#prunedBefore.set(entry.teamId, String(JSON.parse(entry.details).before));
    }
  }

  /** What can be said only when all links are read. */
  finish(unlinked: number): void {
    for (const [teamId, { at, sequence }] of this.#missing) {
      const before = this.#prunedBefore.get(teamId);
      if (before === undefined || before <= at) {
        this.#tell(sequence, `An entry of ${at} was removed, and not by the retention of the log.`);
      }
    }
    if (unlinked > 0) {
      this.#tell(null, `${unlinked} entries were slipped in: no link accounts for them.`);
    }
  }

  #tell(sequence: number | null, message: string): void {
    if (this.problems.length < MAX_PROBLEMS) {
      this.problems.push({ sequence, message });
    }
  }
}

/**
 * Whether the log is as it was written: no entry changed, removed or slipped in. That nothing was cut off at the end
 * can only be told with an earlier head.
 * @param expected a hash that was the head once; it must still be in the chain
 */
export async function verifyAuditLog(
  store: AuditStore,
  key: Buffer,
  expected: string | null = null,
): Promise<AuditVerification> {
  const verifier = new Verifier(key);
  let entries = 0;
  let found = expected === null;
  for (let after = 0; ; ) {
    const batch = await store.readChain(after, BATCH);
    for (const linked of batch) {
      verifier.add(linked);
      found ||= linked.link.hash === expected;
    }
    entries += batch.length;
    const last = batch.at(-1);
    if (last === undefined) {
      break;
    }
    after = last.link.sequence;
  }
  verifier.finish(await store.countUnlinked());
  if (!found) {
    verifier.problems.push({ sequence: null, message: `The link ${expected} is gone: the end was cut off.` });
  }
  return {
    intact: verifier.problems.length === 0,
    entries,
    pruned: verifier.pruned,
    head: verifier.head,
    problems: verifier.problems,
  };
}
