import type { NodeCount, RuntimeMessage } from '@flowyard/protocol';
import type { NodeRed } from './node-red.ts';

const REPORT_MS = 1000;
/** The same as in protocol/src/runtime.ts, which is not loaded here. */
const MOST_NODES_TOLD = 100;
const MOST_NODES_COUNTED = 5000;
const MOST_TEXT = 200;

type Counts = Extract<RuntimeMessage, { type: 'counts' }>;

/** What we use of a node in the events of Node-RED's hooks. */
interface CountedNode {
  id: string;
  type: string;
  name?: string;
  /** Its flow, or the instance of the subflow that it is in. */
  z?: string;
  /** In a subflow: the node of which it is a copy. */
  _alias?: string;
}

interface NodeEvent {
  node: CountedNode;
}

interface Counted {
  editorId: string;
  type: string;
  name: string;
  z: string;
  received: number;
  sent: number;
  errors: number;
}

type FlowNames = ReadonlyMap<string, { type: string; z: string; label: string }>;

/** Counts the messages of each node for a while. Beside that it costs nothing: its hooks are there only meanwhile. */
export class NodeCounter {
  readonly #nodeRed: NodeRed;
  readonly #send: (counts: Counts) => void;
  #counted = new Map<string, Counted>();
  #names: FlowNames = new Map();
  #since = 0;
  #reporting: NodeJS.Timeout | undefined;
  #end: NodeJS.Timeout | undefined;
  readonly #flowsStarted = () => void this.#learnNames();

  constructor(nodeRed: NodeRed, send: (counts: Counts) => void) {
    this.#nodeRed = nodeRed;
    this.#send = send;
  }

  /** From zero, also when it counts already. */
  start(seconds: number): void {
    this.#clear();
    this.#counted = new Map();
    this.#since = performance.now();
    void this.#learnNames();
    const { hooks, events } = this.#nodeRed;
    // With one parameter each: hooks with two are taken to answer by a callback.
    hooks.add('onSend.flowyardCounts', (sent: Array<{ source: NodeEvent }>) => {
      for (const { source } of sent) {
        const counted = this.#of(source.node);
        if (counted) {
          counted.sent += 1;
        }
      }
    });
    hooks.add('onReceive.flowyardCounts', ({ destination }: { destination: NodeEvent }) => {
      const counted = this.#of(destination.node);
      if (counted) {
        counted.received += 1;
      }
    });
    hooks.add('onComplete.flowyardCounts', ({ node, error }: { node: NodeEvent; error?: unknown }) => {
      const counted = error ? this.#of(node.node) : undefined;
      if (counted) {
        counted.errors += 1;
      }
    });
    events.on('flows:started', this.#flowsStarted);
    this.#reporting = setInterval(() => this.#report(true), REPORT_MS).unref();
    this.#end = setTimeout(() => this.stop(), seconds * 1000).unref();
  }

  /** Nothing of it stays. */
  stop(): void {
    if (this.#end !== undefined) {
      this.#clear();
      this.#report(false);
      this.#counted = new Map();
      this.#names = new Map();
    }
  }

  #clear(): void {
    clearInterval(this.#reporting);
    clearTimeout(this.#end);
    this.#end = undefined;
    this.#nodeRed.hooks.remove('*.flowyardCounts');
    this.#nodeRed.events.off('flows:started', this.#flowsStarted);
  }

  #of(node: CountedNode): Counted | undefined {
    return this.#counted.get(node.id) ?? this.#meet(node);
  }

  /** Keeps texts of a node, never the node: it may be gone with the next deploy. */
  #meet({ id, type, name, z, _alias }: CountedNode): Counted | undefined {
    if (this.#counted.size >= MOST_NODES_COUNTED) {
      return undefined;
    }
    const counted = {
      editorId: text(_alias ?? id),
      type: text(type),
      name: text(name),
      z: text(z),
      received: 0,
      sent: 0,
      errors: 0,
    };
    this.#counted.set(id, counted);
    return counted;
  }

  #report(counting: boolean): void {
    const busiest = [...this.#counted]
      .sort(([, a], [, b]) => b.received + b.sent - (a.received + a.sent))
      .slice(0, MOST_NODES_TOLD);
    this.#send({
      type: 'counts',
      counting,
      elapsedMs: Math.round(performance.now() - this.#since),
      nodesSeen: this.#counted.size,
      nodes: busiest.map(([id, counted]) => this.#told(id, counted)),
    });
  }

  #told(id: string, { z, ...counted }: Counted): NodeCount {
    return { id: text(id), ...counted, flow: this.#flowOf(z, counted.editorId) };
  }

  async #learnNames(): Promise<void> {
    const { flows } = await this.#nodeRed.runtime.flows.getFlows({});
    this.#names = new Map(
      flows.map(({ id, type, z, label, name }) => [
        String(id),
        { type: text(type), z: text(z), label: text(label) || text(name) || text(id) },
      ]),
    );
  }

  /** Up from an instance of a subflow to the flow that it is on. */
  #flowOf(z: string, editorId: string): string {
    const homes: string[] = [];
    let home = this.#names.get(z) ?? this.#names.get(this.#names.get(editorId)?.z ?? '');
    while (home !== undefined && homes.length < 5) {
      const subflow = this.#names.get(home.type.replace(/^subflow:/, ''));
      homes.unshift(subflow?.label ?? home.label);
      home = this.#names.get(home.z);
    }
    return homes.join(' › ').slice(0, 300);
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, MOST_TEXT) : '';
}
