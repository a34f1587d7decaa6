import type { FlowChanges, FlowNode, FlowsComparison, NodeChange } from '@flowyard/protocol';
import { compareFlows } from '@flowyard/protocol/compare-flows';
import { editor } from '../node-red';
import { comparable, workspaceFlows } from './comparable';

/** With what the editor's content is compared. */
export interface CompareSource {
  /** How people call it. */
  name: string;
  read: () => Promise<readonly FlowNode[]>;
}

/** A change with the flow that it is on. */
export interface ListedChange {
  flow: FlowChanges;
  node: NodeChange;
}

export interface RunningComparison {
  name: string;
  result: FlowsComparison;
  /** In the order of the tabs. */
  changes: ListedChange[];
  /** The change that was gone to last; -1 before the first. */
  at: number;
  kinds: ReadonlyMap<string, NodeChange['change']>;
}

const COMPARE_AFTER_MS = 400;
/** What the editor says when something in it changes. */
const EDITS = ['nodes', 'links', 'groups', 'junctions', 'flows', 'subflows'].flatMap((kind) =>
  ['add', 'remove', 'change'].map((event) => `${kind}:${event}`),
);

/** One comparison at a time of what is in the editor with something else; it follows what people do in the editor. */
export class CompareSession {
  #before: FlowNode[] = [];
  #name = '';
  #running: RunningComparison | null = null;
  #waiting: ReturnType<typeof setTimeout> | null = null;
  readonly #listeners = new Set<() => void>();

  constructor() {
    for (const name of [...EDITS, 'workspace:dirty', 'deploy']) {
      editor.events.on(name, () => this.#compareSoon());
    }
  }

  get running(): RunningComparison | null {
    return this.#running;
  }

  listen(listener: () => void): void {
    this.#listeners.add(listener);
  }

  async start({ name, read }: CompareSource): Promise<RunningComparison> {
    this.#before = comparable(await read());
    this.#name = name;
    this.#running = null;
    return this.#compare();
  }

  end(): void {
    this.#running = null;
    this.#before = [];
    this.#tell();
  }

  /** Goes to one of the changes: shows it on the canvas where it is there. */
  goTo(index: number): ListedChange | null {
    const listed = this.#running?.changes[index];
    if (this.#running === null || listed === undefined) {
      return null;
    }
    this.#running.at = index;
    reveal(listed);
    this.#tell();
    return listed;
  }

  /** Goes on to the next change, or to the one before, and from the last to the first. */
  step(by: 1 | -1): ListedChange | null {
    const { changes = [], at = -1 } = this.#running ?? {};
    const from = at < 0 && by < 0 ? 0 : at;
    return changes.length === 0 ? null : this.goTo((from + by + changes.length) % changes.length);
  }

  #compareSoon(): void {
    if (this.#running !== null) {
      clearTimeout(this.#waiting ?? undefined);
      this.#waiting = setTimeout(() => this.#running !== null && this.#compare(), COMPARE_AFTER_MS);
    }
  }

  #compare(): RunningComparison {
    const result = compareFlows(this.#before, comparable(workspaceFlows()));
    const changes = result.flows.flatMap((flow) => flow.nodes.map((node) => ({ flow, node })));
    const last = this.#running?.changes[this.#running.at]?.node.id;
    this.#running = {
      name: this.#name,
      result,
      changes,
      at: last === undefined ? -1 : changes.findIndex(({ node }) => node.id === last),
      kinds: new Map(changes.map(({ node }) => [node.id, node.change])),
    };
    this.#tell();
    return this.#running;
  }

  #tell(): void {
    for (const listener of this.#listeners) {
      listener();
    }
  }
}

/** Shows a node, or at least the flow that it is or was on. */
function reveal({ flow, node }: ListedChange): void {
  const { nodes } = editor;
  if (nodes.node(node.id) || nodes.group(node.id) || nodes.workspace(node.id) || nodes.subflow(node.id)) {
    editor.view.reveal(node.id);
  } else if (flow.id !== null && (nodes.workspace(flow.id) || nodes.subflow(flow.id))) {
    editor.workspaces.show(flow.id);
  }
}
