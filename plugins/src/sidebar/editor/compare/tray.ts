import type { ContentsComparison, FlowChanges, FlowsComparison } from '@flowyard/protocol';
import { button, el } from '../dom';
import { editor } from '../node-red';
import { t } from '../translate';
import { contentSections } from './contents';
import { nodeDetails } from './node-details';
import { countWords, flowName } from './words';

interface CompareTray {
  before: string;
  after: string;
  flows: FlowsComparison;
  /** What else differs, where it is known. */
  contents?: ContentsComparison;
  /** The node whose change is open at first. */
  openAt?: string | null;
}

const PAGE = 100;

/** Everything that differs, in a tray as those in which nodes are edited: each property, old and new, line by line. */
export function openCompareTray(options: CompareTray): void {
  const { before, after, flows, contents, openAt = null } = options;
  const summary = countWords(flows.counts).join(', ');
  editor.tray.show({
    title: t('compare.trayTitle'),
    width: 700,
    focusElement: false,
    buttons: [{ text: t('action.close'), class: 'primary', click: () => editor.tray.close() }],
    open: (tray) => {
      const opened = flows.flows.map((flow) => flowSection(flow, openAt));
      const isSame = flows.flows.length === 0 && (contents?.same ?? true);
      const body = el(
        'div',
        { class: 'flowyard-tray', tabindex: 0, role: 'region', 'aria-label': t('compare.trayTitle') },
        el(
          'p',
          { class: 'flowyard-sides' },
          el('span', { class: 'flowyard-side-before' }, `− ${before}`),
          el('span', { class: 'flowyard-side-after' }, `+ ${after}`),
        ),
        el('p', { class: 'flowyard-quiet' }, isSame ? t('compare.same') : summary),
        ...(contents === undefined ? [] : contentSections(contents)),
        ...opened,
      );
      tray.find('.red-ui-tray-body').append(body);
      setTimeout(() => {
        const open = body.querySelector<HTMLElement>('details[data-open]');
        (open ?? body).focus();
        open?.scrollIntoView({ block: 'start' });
      }, 400);
    },
  });
}

function flowSection(flow: FlowChanges, openAt: string | null): HTMLElement {
  const list = el('div', { class: 'flowyard-nodes' });
  let shown = 0;
  const more = button({ label: '', onClick: () => add(PAGE) });
  const add = (count: number) => {
    const next = flow.nodes.slice(shown, shown + count);
    shown += next.length;
    list.append(
      ...next.map((node) =>
        nodeDetails(node, node.id === openAt || (flow.nodes.length === 1 && openAt === null)),
      ),
    );
    more.hidden = shown >= flow.nodes.length;
    more.textContent = t('compare.more', { count: flow.nodes.length - shown });
  };
  add(Math.max(PAGE, flow.nodes.findIndex(({ id }) => id === openAt) + 1));
  return el('section', {}, el('h3', { class: 'flowyard-section' }, flowName(flow)), list, more);
}
