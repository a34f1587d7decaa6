import type { DryRunView, StageView } from '@flowyard/protocol';
import { api } from '../api';

type Known = { report: DryRunView } | { error: string } | { isLoading: true };

/** What would be pushed from a stage that asks for a snapshot is taken to be what runs there. */
function snapshotOf(from: StageView): string | null {
  return from.action === 'prompt' ? (from.snapshot?.id ?? null) : null;
}

/** What differs between neighbouring stages: asked for when somebody looks, and again when one of them changed. */
export class DryRuns {
  readonly #known = new Map<string, { state: string; result: Known }>();
  readonly #onChange: () => void;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** What is known; asks when nothing is. */
  get(from: StageView, to: StageView): Known {
    const state = JSON.stringify([from.snapshot?.id, from.status, to.snapshot?.id, to.devices, from.action]);
    const known = this.#known.get(from.id);
    if (known?.state === state) {
      return known.result;
    }
    const put = (result: Known) => {
      if (this.#known.get(from.id)?.state === state) {
        this.#known.set(from.id, { state, result });
        this.#onChange();
      }
    };
    this.#known.set(from.id, { state, result: { isLoading: true } });
    api.dryRun(from.id, snapshotOf(from)).then(
      (report) => put({ report }),
      (error: unknown) => put({ error: error instanceof Error ? error.message : String(error) }),
    );
    return { isLoading: true };
  }

  /** Asks again at the next look. */
  forget(): void {
    this.#known.clear();
  }
}
