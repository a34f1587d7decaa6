import type { NodeCountsView } from '@flowyard/protocol';
import type { InstanceCounts } from '../../drivers/driver.ts';

/** A process reports every second while it counts. */
const SILENT_MS = 10_000;
/** So long what was counted can be looked at afterwards. */
const KEEP_MS = 15 * 60_000;

type Reader = (view: NodeCountsView) => void;
type End = NonNullable<NodeCountsView['end']>;

interface Count {
  view: NodeCountsView;
  /** By a clock that never jumps. */
  askedAt: number;
  endsAtMs: number;
  /** It did not report in time, or what it counted is forgotten. */
  timer: NodeJS.Timeout;
}

const NONE: NodeCountsView = {
  state: 'none',
  startedAt: null,
  endsAt: null,
  end: null,
  elapsedMs: 0,
  nodesSeen: 0,
  nodes: [],
};

interface Options {
  /** Has a process count; 0 ends that. False when there is none. */
  ask: (instanceId: string, seconds: number) => boolean;
  silentMs?: number;
  keepMs?: number;
}

/**
 * Counts of messages by node, one for each instance however many people look at it. They are in memory alone: a process
 * ends its count when it loses its control plane.
 */
export class NodeCounter {
  readonly #options: Options;
  readonly #counts = new Map<string, Count>();
  readonly #readers = new Map<string, Set<Reader>>();

  constructor(options: Options) {
    this.#options = options;
  }

  /** Of how many instances something is kept in memory. */
  get size(): number {
    return this.#counts.size;
  }

  viewOf(instanceId: string): NodeCountsView {
    return this.#counts.get(instanceId)?.view ?? NONE;
  }

  isCounting(instanceId: string): boolean {
    return this.viewOf(instanceId).state === 'counting';
  }

  /** Calls back with what is counted, at once and with each change, until the returned function is called. */
  watch(instanceId: string, reader: Reader): () => void {
    const readers = this.#readers.get(instanceId) ?? new Set();
    this.#readers.set(instanceId, readers.add(reader));
    reader(this.viewOf(instanceId));
    return () => {
      readers.delete(reader);
      if (readers.size === 0 && this.#readers.get(instanceId) === readers) {
        this.#readers.delete(instanceId);
      }
    };
  }

  /** False when no process is there to count. */
  start(instanceId: string, seconds: number): boolean {
    const askedAt = performance.now();
    if (!this.#options.ask(instanceId, seconds)) {
      return false;
    }
    const now = Date.now();
    const endsAtMs = now + seconds * 1000;
    const view: NodeCountsView = {
      ...NONE,
      state: 'counting',
      startedAt: new Date(now).toISOString(),
      endsAt: new Date(endsAtMs).toISOString(),
    };
    const timer = this.#unlessHeard(instanceId, 'silent');
    this.#set(instanceId, { view, askedAt, endsAtMs, timer });
    return true;
  }

  /** Before its time. */
  end(instanceId: string): void {
    if (this.isCounting(instanceId)) {
      this.#options.ask(instanceId, 0);
      this.#over(instanceId, 'ended');
    }
  }

  /** Its process says what it counted so far. */
  counted({ instanceId, counting, elapsedMs, nodesSeen, nodes }: InstanceCounts): void {
    const count = this.#counts.get(instanceId);
    // What lasts for longer than since it was asked for is the count before, of which the last word came late.
    if (count?.view.state !== 'counting' || elapsedMs > Math.ceil(performance.now() - count.askedAt)) {
      return;
    }
    const view = { ...count.view, elapsedMs, nodesSeen, nodes };
    const timer = this.#unlessHeard(instanceId, 'lost');
    this.#set(instanceId, { ...count, view, timer });
    if (!counting) {
      // A second is what the two clocks and the way may differ by.
      this.#over(instanceId, Date.now() >= count.endsAtMs - 1000 ? 'time' : 'lost');
    }
  }

  /** Its Node-RED runs no more. */
  stopped(instanceId: string): void {
    if (this.isCounting(instanceId)) {
      this.#over(instanceId, 'stopped');
    }
  }

  /** There is no such instance any more. */
  forget(instanceId: string): void {
    const count = this.#counts.get(instanceId);
    if (count !== undefined) {
      clearTimeout(count.timer);
      this.#counts.delete(instanceId);
      this.#tell(instanceId);
    }
  }

  #unlessHeard(instanceId: string, end: End): NodeJS.Timeout {
    return setTimeout(() => this.#over(instanceId, end), this.#options.silentMs ?? SILENT_MS).unref();
  }

  #over(instanceId: string, end: End): void {
    const count = this.#counts.get(instanceId);
    if (count === undefined) {
      return;
    }
    const endsAt = new Date(Math.min(Date.now(), count.endsAtMs)).toISOString();
    const timer = setTimeout(() => this.forget(instanceId), this.#options.keepMs ?? KEEP_MS).unref();
    this.#set(instanceId, { ...count, view: { ...count.view, state: 'over', end, endsAt }, timer });
  }

  #set(instanceId: string, count: Count): void {
    clearTimeout(this.#counts.get(instanceId)?.timer);
    this.#counts.set(instanceId, count);
    this.#tell(instanceId);
  }

  #tell(instanceId: string): void {
    for (const reader of this.#readers.get(instanceId) ?? []) {
      reader(this.viewOf(instanceId));
    }
  }
}
