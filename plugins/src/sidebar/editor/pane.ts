import { ApiError } from './api';
import { button, el, icon, replaceContent } from './dom';
import { Press } from './press';
import { PlaceView } from './sign-in/place-view';
import { SeatBar } from './sign-in/seat-bar';
import { SignInView } from './sign-in/sign-in-view';
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
  readonly #seat: SeatBar;
  readonly #press: Press;
  readonly #content = el('div', { class: 'flowyard-content' });
  readonly #notice = el('div', { class: 'flowyard-notice', role: 'status', 'aria-live': 'polite' });
  #state: 'new' | 'loading' | 'ready' | 'failed' = 'new';
  #isVisible = false;
  /** Whether nobody is signed in, or nothing was chosen to work with. */
  #isMissing = false;
  #drawing: ReturnType<typeof setTimeout> | null = null;

  constructor(store: Store, view: PaneView) {
    this.#store = store;
    this.#view = view;
    this.#seat = new SeatBar(store);
    this.element = el(
      'div',
      { class: 'flowyard-pane' },
      this.#seat.element,
      view.head ?? null,
      this.#notice,
      this.#content,
    );
    this.#press = new Press(this.element);
    store.listen(() => this.#drawSoon());
    store.onForget(() => this.#beginAgain());
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
        this.#press.whenReleased(() => this.#fail(error));
      },
    );
  }

  draw(): void {
    // What failed stays as it is, and must not be given up for a drawing while both wait for a release.
    if (this.#state !== 'failed') {
      this.#press.whenReleased(() => this.#draw());
    }
  }

  #draw(): void {
    if (!this.#isVisible) {
      return;
    }
    if (this.#state !== 'ready') {
      replaceContent(this.#content, el('p', { class: 'flowyard-quiet' }, t('loading')));
      return;
    }
    this.#setHead(true);
    this.#seat.draw();
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
    // Somebody may have signed in meanwhile, in another tab.
    if (isVisible && this.#isMissing) {
      this.#beginAgain();
    } else if (isVisible && this.#state === 'new') {
      this.#setHead(false);
      this.reload();
    } else if (isVisible) {
      this.draw();
    }
  }

  #beginAgain(): void {
    this.#isMissing = false;
    this.#state = 'new';
    this.#setHead(false);
    this.#seat.draw();
    if (this.#isVisible) {
      this.reload();
    }
  }

  #setHead(isShown: boolean): void {
    this.#view.head?.toggleAttribute('hidden', !isShown);
  }

  #fail(error: unknown): void {
    this.#setHead(false);
    const code = error instanceof ApiError ? error.code : '';
    this.#isMissing = code === 'signed-out' || code === 'no-place';
    if (code === 'signed-out') {
      replaceContent(this.#content, new SignInView(() => this.#store.forget()).element);
      return;
    }
    if (code === 'no-place') {
      replaceContent(this.#content, new PlaceView(() => this.#store.forget()).element);
      return;
    }
    if (code === 'unknown-person') {
      replaceContent(this.#content, ...emptyState('user-secret', t('unknown.title'), t('unknown.text')));
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

/** Whether the person may change anything. */
export function mayWrite(): boolean {
  return RED.user.hasPermission('flowyard.write');
}
