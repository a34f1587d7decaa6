import { el } from '../dom';
import { t } from '../translate';
import { widget } from '../widget';
import type { CompareSession, ListedChange, RunningComparison } from './session';
import { changeSign, flowName } from './words';

/** So many at once: a list of thousands is neither drawn quickly nor read. */
const PAGE = 100;
const LOOK_AGAIN_MS = 30;
const MOST_LOOKS = 100;

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
  /** The item of its flow. */
  flow?: TreeItem;
  /** What the tree keeps at an item, as far as it is made. */
  treeList?: { label?: JQuery; expand: () => void };
}

/** The changes by flow, in the editor's own tree. */
export class ChangeTree {
  readonly element = el('div', { class: 'flowyard-tree' });
  readonly #session: CompareSession;
  #list: JQuery = $('<div>');
  readonly #shown = new Map<string, number>();
  #drawnFor: RunningComparison['result'] | null = null;
  #isSelecting = false;

  constructor(session: CompareSession) {
    this.#session = session;
  }

  clear(): void {
    this.#shown.clear();
    this.#drawnFor = null;
    this.element.replaceChildren();
  }

  draw(running: RunningComparison): void {
    const isTooFew = this.#showsTooFew(running);
    if (isTooFew || this.#drawnFor !== running.result) {
      this.#drawnFor = running.result;
      this.#make(running);
    }
    this.#mark(running);
  }

  /** A tree of its own each time: one that is emptied while it is still making its items fails. */
  #make(running: RunningComparison): void {
    this.#list = $('<div>');
    this.element.replaceChildren(...this.#list);
    widget(this.#list, 'treeList', { data: this.#items(running), multi: false });
    this.#list.on('treelistselect treelistconfirm', (_event, item: TreeItem | undefined) =>
      this.#select(item),
    );
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
      const item: TreeItem = {
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
      for (const child of children) {
        child.flow = item;
      }
      return item;
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
    if (running.at < 0) {
      return;
    }
    const item = widget(this.#list, 'treeList', 'get', `change-${running.at}`) as TreeItem | null;
    if (item) {
      this.#selectWhenBuilt(item, running, MOST_LOOKS);
    }
  }

  /** Whether the change that was gone to is beyond those of its flow that are listed; they are listed then. */
  #showsTooFew({ result, at }: RunningComparison): boolean {
    let first = 0;
    for (const { id, nodes } of at < 0 ? [] : result.flows) {
      const needed = at - first + 1;
      if (needed <= nodes.length) {
        const key = id ?? '';
        const isTooFew = needed > Math.max(PAGE, this.#shown.get(key) ?? 0);
        if (isTooFew) {
          this.#shown.set(key, needed + PAGE);
        }
        return isTooFew;
      }
      first += nodes.length;
    }
    return false;
  }

  /** The tree makes what is in a flow when it is opened, and a little at a time. */
  #selectWhenBuilt(item: TreeItem, running: RunningComparison, looks: number): void {
    if (running.result !== this.#drawnFor || item.index !== running.at || looks === 0) {
      return;
    }
    if (item.treeList?.label === undefined) {
      item.flow?.treeList?.expand();
      setTimeout(() => this.#selectWhenBuilt(item, running, looks - 1), LOOK_AGAIN_MS);
      return;
    }
    this.#isSelecting = true;
    widget(this.#list, 'treeList', 'show', item, () => widget(this.#list, 'treeList', 'select', item, false));
    this.#isSelecting = false;
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
