import type { NodeChange } from '@flowyard/protocol';
import { type EditorNode, editor } from '../node-red';
import { t } from '../translate';
import type { CompareSession } from './session';

const SVG = 'http://www.w3.org/2000/svg';
const KINDS = ['added', 'changed', 'moved'] as const;
type Marked = (typeof KINDS)[number];
const SIGNS: Record<Marked, string> = { added: '+', changed: '~', moved: '↕' };

/** The mark on a node: a sign and a colour, never the colour alone. */
function badge(kind: Marked | undefined): SVGElement {
  const group = document.createElementNS(SVG, 'g');
  const back = document.createElementNS(SVG, 'rect');
  for (const [name, value] of Object.entries({ width: 16, height: 16, rx: 8 })) {
    back.setAttribute(name, String(value));
  }
  const sign = document.createElementNS(SVG, 'text');
  sign.setAttribute('x', '8');
  sign.setAttribute('y', '12');
  sign.setAttribute('text-anchor', 'middle');
  sign.textContent = kind === undefined ? '' : SIGNS[kind];
  group.setAttribute('class', `flowyard-mark flowyard-mark-${kind ?? 'none'}`);
  group.append(back, sign);
  return group;
}

/** Marks what a comparison found on the canvas and at the tabs. Nothing of it is part of the flows. */
export function markComparisons(session: CompareSession): void {
  const kindOf = ({ id }: EditorNode): Marked | undefined => {
    const kind = session.running?.kinds.get(id);
    return kind === 'removed' ? undefined : kind;
  };
  const drawn = new WeakMap<EditorNode, Marked | undefined>();
  editor.view.annotations.register('flowyard-compare', {
    type: 'badge',
    class: 'flowyard-annotation',
    align: 'left',
    element: (node) => badge(kindOf(node)),
    show: (node) => kindOf(node) !== undefined,
    refresh: (node) => {
      const kind = kindOf(node);
      const isOther = drawn.get(node) !== kind;
      drawn.set(node, kind);
      return isOther;
    },
    tooltip: (node) => {
      const kind = kindOf(node);
      return kind === undefined ? '' : t(`compare.kind.${kind}`);
    },
  });
  editor.hooks.add('viewRedrawNode.flowyard-compare', ({ node, el }) => {
    const kind = kindOf(node);
    for (const each of KINDS) {
      el.classList.toggle(`flowyard-node-${each}`, each === kind);
    }
  });
  session.listen(() => draw(session));
  for (const name of ['flows:add', 'flows:reorder', 'subflows:add', 'workspace:change']) {
    editor.events.on(name, () => markTabs(session));
  }
}

function draw(session: CompareSession): void {
  for (const node of editor.view.getActiveNodes()) {
    // The editor draws again only what says so of itself; it is no part of the flow.
    node.dirty = true;
  }
  editor.view.redraw();
  markTabs(session);
}

function markTabs(session: CompareSession): void {
  for (const tab of document.querySelectorAll('.flowyard-tab')) {
    tab.classList.remove('flowyard-tab');
    tab.removeAttribute('data-flowyard-changes');
  }
  for (const { id, nodes } of session.running?.result.flows ?? []) {
    const tab = id === null ? null : document.getElementById(`red-ui-tab-${id.replace('.', '-')}`);
    tab?.classList.add('flowyard-tab');
    tab?.setAttribute('data-flowyard-changes', shortCount(nodes));
  }
}

function shortCount({ length }: NodeChange[]): string {
  return length > 99 ? '99+' : String(length);
}
