import { LAUNCH } from './agent-journal.ts';
import type { RuntimeView } from './describe-current.ts';
import type { FactsReader } from './facts-reader.ts';
import type { Journal } from './files/journal.ts';
import type { NodeRedRunner } from './node-red-runner.ts';
import type { ReleaseBuilder } from './release/release-builder.ts';
import type { Store } from './release/store.ts';

export interface DamageWatchOptions {
  journal: Journal;
  facts: FactsReader;
  builder: ReleaseBuilder;
  store: Store;
  runner: NodeRedRunner;
  log: (level: 'warn', text: string) => void;
}

const isDown = (view: RuntimeView | null) => view?.state === 'crashed' || view?.state === 'error';

/**
 * Looks whether files are damaged when a release does not run that was found good: once for each time that it was
 * started, since to look at thousands of files takes a while.
 */
export class DamageWatch {
  readonly #options: DamageWatchOptions;
  #wasDown = false;
  /** The start for which it was looked already. */
  #inspected: number | null = null;

  constructor(options: DamageWatchOptions) {
    this.#options = options;
  }

  /** Whether Node-RED has gone down since this was asked last. */
  mayBe(view: RuntimeView | null): boolean {
    const before = this.#wasDown;
    this.#wasDown = isDown(view);
    return this.#wasDown && !before;
  }

  async inspect(): Promise<void> {
    const { journal, facts, builder, runner, log } = this.#options;
    const launch = await journal.read(LAUNCH);
    if (!isDown(runner.view()) || launch === null || launch.generation === this.#inspected) {
      return;
    }
    this.#inspected = launch.generation;
    const committed = await facts.committed(null);
    const damaged = committed?.id === launch.releaseId ? await builder.inspect(committed.snapshot) : [];
    if (damaged.length > 0) {
      log('warn', `Damaged on disk: ${damaged.join(', ')}. What it belongs to is installed again.`);
    }
  }

  /** Has damaged files used as they are. Answers whether there are any. */
  excuse(): boolean {
    return this.#options.store.excuseDamage();
  }

  forgetExcuses(): void {
    this.#options.store.forgetExcuses();
    this.#inspected = null;
  }
}
