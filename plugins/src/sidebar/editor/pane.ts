import { ApiError } from './api';
import { button, el, icon, replaceContent } from './dom';
import type { Part, Store } from './store';
import { t } from './translate';

const REFRESH_TIMES_MS = 60_000;
const DRAW_EVERY_MS = 150;

/** What one tab shows. */
export interface PaneView {
  part: Part;
  /** Stays while the content is drawn anew: forms and filters. */
  head?: HTMLElement;
  /** The content for what the store knows now. */
  render: () => Node[];
}

/** One tab: reads its part when it is first seen, and says what is under way, wrong or missing. */
export class Pane {
  readonly element: HTMLElement;
  readonly #store: Store;
  readonly #view: PaneView;
  readonly #content = el('div', { class: 'flowyard-content' });
  readonly #notice = el('div', { class: 'flowyard-notice', role: 'status', 'aria-live': 'polite' });
  #state: 'new' | 'loading' | 'ready' | 'failed' = 'new';
  #isVisible = false;
  #drawing: ReturnType<typeof setTimeout> | null = null;

  constructor(store: Store, view: PaneView) {
    this.#store = store;
    this.#view = view;
    this.element = el('div', { class: 'flowyard-pane' }, view.head ?? null, this.#notice, this.#content);
    store.listen(() => this.#drawSoon());
    new IntersectionObserver(([entry]) => this.#seen(entry?.isIntersecting ?? false)).observe(this.element);
    setInterval(() => this.draw(), REFRESH_TIMES_MS);
  }

  /** Reads everything anew. */
  reload(): void {
    this.#state = this.#state === 'ready' ? 'ready' : 'loading';
    this.draw();
    this.#store.load(this.#view.part).then(
      () => {
        this.#state = 'ready';
        this.draw();
      },
      (error: unknown) => {
        this.#state = 'failed';
        this.#fail(error);
      },
    );
  }

  draw(): void {
    if (!this.#isVisible || this.#state === 'failed') {
      return;
    }
    if (this.#state !== 'ready') {
      replaceContent(this.#content, el('p', { class: 'flowyard-quiet' }, t('loading')));
      return;
    }
    this.#setHead(true);
    const words = this.#store.isLive ? '' : t('notLive');
    if (this.#notice.textContent !== words) {
      this.#notice.textContent = words;
    }
    replaceContent(this.#content, ...this.#view.render());
  }

  /** Many devices change at once; a person reads a few times a second. */
  #drawSoon(): void {
    this.#drawing ??= setTimeout(() => {
      this.#drawing = null;
      this.draw();
    }, DRAW_EVERY_MS);
  }

  #seen(isVisible: boolean): void {
    this.#isVisible = isVisible;
    if (isVisible && this.#state === 'new') {
      this.#setHead(false);
      this.reload();
    } else if (isVisible) {
      this.draw();
    }
  }

  #setHead(isShown: boolean): void {
    this.#view.head?.toggleAttribute('hidden', !isShown);
  }

  #fail(error: unknown): void {
    this.#setHead(false);
    if (error instanceof ApiError && error.code === 'outside') {
      replaceContent(this.#content, ...emptyState('cloud', t('outside.title'), t('outside.text')));
      return;
    }
    const message = error instanceof Error ? error.message : String(error);
    replaceContent(
      this.#content,
      el(
        'div',
        { class: 'flowyard-empty', role: 'alert' },
        icon('warning'),
        el('p', {}, t('failed')),
        el('p', {}, message),
      ),
      button({
        label: t('action.tryAgain'),
        icon: 'refresh',
        key: 'try-again',
        onClick: () => {
          this.#state = 'new';
          this.reload();
        },
      }),
    );
  }
}

/** What a list says when there is nothing in it: what it is for, and the first step. */
export function emptyState(iconName: string, title: string, text: string): Node[] {
  return [el('div', { class: 'flowyard-empty' }, icon(iconName), el('h3', {}, title), el('p', {}, text))];
}

/** Says that something went wrong that the person had asked for. */
export function reportError(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  RED.notify($(el('span', { role: 'alert' }, message)), { type: 'error', timeout: 8000 });
}

/** Says that something has been done. */
export function reportDone(text: string, timeout = 4000): void {
  RED.notify($(el('span', { role: 'status' }, text)), { type: 'success', timeout });
}

/** Whether the person may change anything. */
export function mayWrite(): boolean {
  return RED.user.hasPermission('flowyard.write');
}
