import { api } from '../api';
import { button, el, icon, replaceContent } from '../dom';
import { reportError } from '../notices';
import type { Store } from '../store';
import { t } from '../translate';
import { PlaceView } from './place-view';

const ICONS = { instance: 'cube', device: 'microchip' } as const;

/** Says in a Node-RED of one's own with what it works and in whose name; nothing where Flowyard runs it. */
export class SeatBar {
  readonly element = el('div', { class: 'flowyard-seat', hidden: true });
  readonly #store: Store;
  #isChoosing = false;

  constructor(store: Store) {
    this.#store = store;
  }

  draw(): void {
    const { seat, place } = this.#store;
    const isShown = seat !== null && !seat.isHome && place !== null;
    this.element.hidden = !isShown;
    if (!isShown) {
      this.#isChoosing = false;
    } else if (!this.#isChoosing) {
      replaceContent(
        this.element,
        el(
          'div',
          { class: 'flowyard-row' },
          el('strong', { class: 'flowyard-name' }, icon(ICONS[seat.place.kind]), ' ', place.name),
          button({ label: t('signIn.change'), key: 'change-place', onClick: () => this.#choose() }),
        ),
        el(
          'div',
          { class: 'flowyard-row flowyard-quiet' },
          el('span', { class: 'flowyard-meta' }, t('signIn.signedInAs', { name: seat.person ?? '' })),
          button({ label: t('signIn.signOut'), key: 'sign-out', onClick: () => this.#signOut() }),
        ),
      );
    }
  }

  #choose(): void {
    this.#isChoosing = true;
    replaceContent(this.element, new PlaceView(() => this.#store.forget()).element);
  }

  #signOut(): void {
    api.signOut().then(() => this.#store.forget(), reportError);
  }
}
