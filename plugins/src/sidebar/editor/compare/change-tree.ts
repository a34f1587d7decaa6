import { el } from '../dom';
import { t } from '../translate';
import { widget } from '../widget';
import type { CompareSession, ListedChange, RunningComparison } from './session';
import { changeSign, flowName } from './words';

/** So many at once: a list of thousands is neither drawn quickly nor read. */
const PAGE = 100;

interface TreeItem {
  id: string;
  element: JQuery;
  children?: TreeItem[];
  expanded?: boolean;
  deferBuild?: boolean;
  /** The place among all changes. */
  index?: number;
  /** Stands for those that are not drawn yet. */
  more?: { key: string };
}

/** The changes by flow, in the editor's own tree. */
export class ChangeTree {
  readonly element = el('div', { class: 'flowyard-tree' });
  readonly #session: CompareSession;
  readonly #list: JQuery;
  readonly #shown = new Map<string, number>();
  #drawnFor: RunningComparison['result'] | null = null;
  #isSelecting = false;

  constructor(session: CompareSession) {
    this.#session = session;
    this.#list = $('<div>').appendTo(this.element);
    widget(this.#list, 'treeList', { data: [], multi: false });
    this.#list.on('treelistselect', (_event, item: TreeItem | undefined) => this.#select(item));
    this.#list.on('treelistconfirm', (_event, item: TreeItem | undefined) => this.#select(item));
  }

  clear(): void {
    this.#shown.clear();
    this.#drawnFor = null;
    widget(this.#list, 'treeList', 'data', []);
  }

  draw(running: RunningComparison): void {
    if (this.#drawnFor !== running.result) {
      this.#drawnFor = running.result;
      widget(this.#list, 'treeList', 'data', this.#items(running));
    }
    this.#mark(running);
  }

  #items(running: RunningComparison): TreeItem[] {
    let start = 0;
    const { flows } = running.result;
    return flows.map((flow) => {
      const first = start;
      start += flow.nodes.length;
      const key = flow.id ?? '';
      const shown = Math.max(PAGE, this.#shown.get(key) ?? 0);
      const children = running.changes
        .slice(first, first + Math.min(shown, flow.nodes.length))
        .map((change, offset) => changeItem(change, first + offset));
      const left = flow.nodes.length - children.length;
      return {
        id: `flow-${key}`,
        element: $(
          el(
            'span',
            {},
            flowName(flow),
            ' ',
            el('span', { class: 'flowyard-quiet' }, String(flow.nodes.length)),
          ),
        ),
        // Their elements are made with the first opening.
        deferBuild: true,
        expanded: flows.length <= 3 || (running.at >= first && running.at < start),
        children: left === 0 ? children : [...children, moreItem(key, left)],
      };
    });
  }

  #select(item: TreeItem | undefined): void {
    const { running } = this.#session;
    if (item === undefined || running === null || this.#isSelecting) {
      return;
    }
    if (item.more !== undefined) {
      const { key } = item.more;
      this.#shown.set(key, Math.max(PAGE, this.#shown.get(key) ?? 0) + PAGE);
      this.#drawnFor = null;
      this.draw(running);
    } else if (item.index !== undefined && item.index !== running.at) {
      this.#session.goTo(item.index);
    }
  }

  /** The change that was gone to is the one that is selected, wherever it was gone to from. */
  #mark(running: RunningComparison): void {
    const item =
      running.at < 0
        ? null
        : (widget(this.#list, 'treeList', 'get', `change-${running.at}`) as TreeItem | null);
    if (item) {
      this.#isSelecting = true;
      widget(this.#list, 'treeList', 'show', item, () =>
        widget(this.#list, 'treeList', 'select', item, false),
      );
      this.#isSelecting = false;
    }
  }
}

function changeItem({ node }: ListedChange, index: number): TreeItem {
  const type = node.name === node.type ? null : el('span', { class: 'flowyard-quiet' }, ' ', node.type);
  return {
    id: `change-${index}`,
    index,
    element: $(el('span', { class: 'flowyard-change' }, changeSign(node.change), ' ', node.name, type)),
  };
}

function moreItem(key: string, left: number): TreeItem {
  return {
    id: `more-${key}`,
    more: { key },
    element: $(el('span', { class: 'flowyard-quiet' }, t('compare.more', { count: left }))),
  };
}
