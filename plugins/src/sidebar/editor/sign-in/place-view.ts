import { api, type ChoosablePlace } from '../api';
import { button, el, replaceContent } from '../dom';
import { t } from '../translate';
import { explanation } from './sign-in-view';

const MOST_SHOWN = 100;

/** Where a person who has signed in says with which instance or device this Node-RED works. */
export class PlaceView {
  readonly element = el('div', { class: 'flowyard-sign-in' });
  readonly #onChosen: () => void;
  readonly #list = el('ul', { class: 'flowyard-list' });
  readonly #problem = el('p', { class: 'flowyard-problem', role: 'alert' });
  #places: ChoosablePlace[] = [];

  constructor(onChosen: () => void) {
    this.#onChosen = onChosen;
    const filter = el('input', {
      type: 'search',
      placeholder: t('place.filter'),
      'aria-label': t('place.filter'),
    });
    filter.addEventListener('input', () => this.#draw(filter.value));
    replaceContent(
      this.element,
      ...explanation('link', t('place.title'), t('place.text')),
      el('div', { class: 'flowyard-head' }, filter),
      this.#problem,
      this.#list,
      el(
        'div',
        { class: 'flowyard-buttons' },
        button({ label: t('signIn.signOut'), onClick: () => this.#signOut() }),
      ),
    );
    void this.#read();
  }

  async #read(): Promise<void> {
    try {
      this.#places = await api.listPlaces();
      this.#draw('');
    } catch (error) {
      this.#problem.textContent = (error as Error).message;
    }
  }

  #draw(search: string): void {
    const words = search.trim().toLowerCase();
    const found = this.#places.filter(({ name, application }) =>
      `${name} ${application ?? ''}`.toLowerCase().includes(words),
    );
    const items = found.slice(0, MOST_SHOWN).map((place) => this.#item(place));
    const rest = found.length - items.length;
    replaceContent(
      this.#list,
      ...items,
      found.length === 0 ? el('li', { class: 'flowyard-quiet' }, t('place.none')) : null,
      rest > 0 ? el('li', { class: 'flowyard-quiet' }, t('place.more', { count: rest })) : null,
    );
  }

  #item(place: ChoosablePlace): HTMLElement {
    const words = [t(`place.${place.kind}`), place.application].filter((part) => part !== null).join(' · ');
    return el(
      'li',
      { class: 'flowyard-item flowyard-row' },
      el(
        'span',
        { class: 'flowyard-grow' },
        el('strong', { class: 'flowyard-name' }, place.name),
        el('div', { class: 'flowyard-quiet' }, words),
      ),
      button({
        label: t('place.choose'),
        key: `choose-${place.id}`,
        description: t('place.chooseThis', { name: place.name }),
        onClick: () => this.#choose(place),
      }),
    );
  }

  #choose({ kind, id }: ChoosablePlace): void {
    api.choosePlace({ kind, id }).then(this.#onChosen, (error: Error) => {
      this.#problem.textContent = error.message;
    });
  }

  #signOut(): void {
    api.signOut().then(this.#onChosen, (error: Error) => {
      this.#problem.textContent = error.message;
    });
  }
}
