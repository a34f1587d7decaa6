import { type Flows, summariseFlows } from '@flowyard/protocol';
import type { BlobStore } from './blob-store.ts';

type Counts = ReturnType<typeof summariseFlows>;

const MOST = 1000;

/** How many flows and nodes there are, by the digest of the flows: what a digest names never changes. */
export class FlowCounts {
  readonly #known = new Map<string, Counts>();

  /** @param owner whose flows they are, for the people who are told that they are lost */
  async of(blobs: BlobStore, digest: string, owner: string): Promise<Counts> {
    const known = this.#known.get(digest);
    if (known) {
      return known;
    }
    const flows: Flows = JSON.parse((await blobs.get(digest, owner)).toString());
    const counts = summariseFlows(flows);
    const [oldest] = this.#known.keys();
    if (this.#known.size >= MOST && oldest !== undefined) {
      this.#known.delete(oldest);
    }
    this.#known.set(digest, counts);
    return counts;
  }
}
