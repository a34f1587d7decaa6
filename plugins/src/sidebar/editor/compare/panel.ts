import { button, el } from '../dom';
import { t } from '../translate';
import { ChangeTree } from './change-tree';
import type { CompareSession } from './session';
import { openCompareTray } from './tray';
import { CHANGES, changeSign } from './words';

/** What a comparison found, in the sidebar: counts, the way from one to the next, and all of it by flow. */
export class ComparePanel {
  readonly element = el('section', {
    class: 'flowyard-compare',
    hidden: true,
    'aria-label': t('compare.title'),
  });
  readonly #session: CompareSession;
  readonly #heading = el('h3', { class: 'flowyard-section' });
  readonly #counts = el('div', { class: 'flowyard-row flowyard-counts', role: 'status' });
  readonly #position = el('span', { class: 'flowyard-quiet flowyard-position', role: 'status' });
  readonly #steps: HTMLElement;
  readonly #tree: ChangeTree;

  constructor(session: CompareSession) {
    this.#session = session;
    this.#tree = new ChangeTree(session);
    const step = (by: 1 | -1, label: string, icon: string) =>
      button({ label: '', icon, description: label, key: label, onClick: () => void session.step(by) });
    this.#steps = el(
      'div',
      { class: 'flowyard-row flowyard-steps' },
      step(-1, t('compare.previous'), 'arrow-up'),
      step(1, t('compare.next'), 'arrow-down'),
      this.#position,
      button({ label: t('compare.details'), icon: 'columns', onClick: () => this.#openTray() }),
    );
    const end = button({ label: t('compare.end'), icon: 'times', onClick: () => session.end() });
    const bar = el('div', { class: 'flowyard-row' }, this.#heading, end);
    this.element.append(bar, this.#counts, this.#steps, this.#tree.element);
    session.listen(() => this.#draw());
  }

  #openTray(): void {
    const { running } = this.#session;
    if (running !== null) {
      openCompareTray({
        before: running.name,
        after: t('compare.editor'),
        flows: running.result,
        openAt: running.changes[running.at]?.node.id ?? null,
      });
    }
  }

  #draw(): void {
    const { running } = this.#session;
    const wasHidden = this.element.hidden;
    this.element.hidden = running === null;
    if (running === null) {
      this.#tree.clear();
      return;
    }
    const { counts } = running.result;
    this.#heading.textContent = t('compare.with', { name: running.name });
    const parts = CHANGES.filter((change) => counts[change] > 0).map((change) =>
      el(
        'span',
        { class: 'flowyard-count' },
        changeSign(change),
        ' ',
        t(`compare.count.${change}`, { count: counts[change] }),
      ),
    );
    const words = running.changes.length === 0 ? [t('compare.same')] : parts;
    this.#counts.replaceChildren(...words);
    this.#steps.hidden = running.changes.length === 0;
    this.#position.textContent =
      running.at < 0 ? '' : t('compare.position', { at: running.at + 1, total: running.changes.length });
    this.#tree.draw(running);
    if (wasHidden) {
      // The browser keeps the list where it was, with what has come above it out of sight.
      this.element.closest('.flowyard-pane')?.scrollTo(0, 0);
    }
  }
}
