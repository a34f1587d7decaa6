import type { Node, NodeAPI, NodeStatus } from 'node-red';
import type { FlowLinks } from './flow-links';
import type { Taken } from './shared-links';

/** Statuses are for people: more often than this nobody can read them. */
const STATUS_EVERY_MS = 250;

/** Not in Flowyard, so there is nobody to talk to. */
export class OutsideError extends Error {
  override name = 'OutsideError';
}

interface Options {
  /** Once, when the links are there. @returns what is undone when the node is closed */
  onReady?: (links: FlowLinks) => () => void;
  /** What the node shows while there is a connection. */
  status: (links: FlowLinks) => NodeStatus;
}

/** What all link nodes share: a part in the links of this Node-RED, and a status that says how they are. */
export class LinkNode {
  readonly #node: Node;
  readonly #RED: NodeAPI;
  readonly #options: Options;
  readonly #ready: Promise<Taken | null>;
  #undo: Array<() => void> = [];
  #timer: NodeJS.Timeout | undefined;
  #shown = '';
  #isClosed = false;

  constructor(RED: NodeAPI, node: Node, options: Options) {
    this.#node = node;
    this.#RED = RED;
    this.#options = options;
    this.#ready = this.#begin();
    node.on('close', (done: () => void) => {
      void this.#close().finally(done);
    });
  }

  /** @throws OutsideError */
  async links(): Promise<FlowLinks> {
    const taken = await this.#ready;
    if (taken === null) {
      throw new OutsideError(this.#RED._('flowyard-link-out.error.outside'));
    }
    return taken.links;
  }

  /** Shows what is true now, soon. */
  refresh(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.#ready.then((taken) => taken && !this.#isClosed && this.#show(taken.links));
    }, STATUS_EVERY_MS);
  }

  async #begin(): Promise<Taken | null> {
    // Loaded with the first link node, not at the start of every Node-RED.
    const { takeLinks } = await import('./shared-links');
    const taken = await takeLinks(this.#RED);
    if (taken === null) {
      this.#node.status({ fill: 'grey', shape: 'ring', text: 'flowyard-link-out.status.outside' });
      this.#node.warn(this.#RED._('flowyard-link-out.error.outside'));
      return null;
    }
    if (!this.#isClosed) {
      this.#undo = [
        taken.links.onChange(() => this.refresh()),
        ...(this.#options.onReady ? [this.#options.onReady(taken.links)] : []),
      ];
      this.#show(taken.links);
    }
    return taken;
  }

  #show(links: FlowLinks): void {
    const { connection, problem } = links.state;
    const status: NodeStatus =
      connection === 'connected'
        ? this.#options.status(links)
        : {
            fill: connection === 'lost' ? 'red' : 'yellow',
            shape: 'ring',
            text: this.#RED._(`flowyard-link-out.status.${connection}`, {
              waiting: links.waiting,
              problem: problem ?? '',
            }),
          };
    const text = JSON.stringify(status);
    if (text !== this.#shown) {
      this.#shown = text;
      this.#node.status(status);
    }
  }

  async #close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const undo of this.#undo) {
      undo();
    }
    await (await this.#ready)?.leave();
  }
}
