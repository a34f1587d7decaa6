import { api, type SignInState } from '../api';
import { button, el, icon, replaceContent } from '../dom';
import { t } from '../translate';

const ASK_EVERY_MS = 2000;

type Waiting = Extract<SignInState, { state: 'waiting' }>;

/** What is shown to somebody who has to sign in from a Node-RED that Flowyard does not run. */
export class SignInView {
  readonly element = el('div', { class: 'flowyard-sign-in' });
  readonly #onSignedIn: () => void;
  #asking: ReturnType<typeof setTimeout> | null = null;

  constructor(onSignedIn: () => void) {
    this.#onSignedIn = onSignedIn;
    void this.#look();
  }

  async #look(): Promise<void> {
    try {
      this.#show(await api.readSignIn());
    } catch (error) {
      this.#askForUrl(null, (error as Error).message);
    }
  }

  #show(state: SignInState): void {
    switch (state.state) {
      case 'signed-in':
        this.#onSignedIn();
        return;
      case 'waiting':
        this.#showCode(state);
        return;
      case 'signed-out':
        this.#askForUrl(state.url, state.message);
    }
  }

  #askForUrl(known: string | null, message: string | null): void {
    const url = el('input', {
      type: 'text',
      inputmode: 'url',
      value: known ?? '',
      placeholder: 'https://flowyard.example.com',
      required: true,
      'aria-label': t('signIn.address'),
    });
    const submit = el(
      'button',
      { type: 'submit', class: 'red-ui-button red-ui-button-small primary' },
      t('signIn.begin'),
    );
    const problem = el('p', { class: 'flowyard-problem', role: 'alert' }, message ?? '');
    const form = el(
      'form',
      { class: 'flowyard-form' },
      el('label', {}, t('signIn.address'), url),
      problem,
      el('div', { class: 'flowyard-buttons' }, submit),
    );
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      submit.disabled = true;
      problem.textContent = '';
      api
        .beginSignIn(url.value)
        .then((state) => this.#show(state))
        .catch((error: Error) => {
          problem.textContent = error.message;
        })
        .finally(() => {
          submit.disabled = false;
        });
    });
    replaceContent(this.element, ...explanation('sign-in', t('signIn.title'), t('signIn.text')), form);
  }

  #showCode({ code, page }: Waiting): void {
    const link = el(
      'a',
      {
        href: page,
        target: '_blank',
        rel: 'noopener',
        class: 'red-ui-button red-ui-button-small primary',
        'data-key': 'open-page',
      },
      icon('external-link'),
      ' ',
      t('signIn.openPage'),
    );
    const cancel = button({
      label: t('action.cancel'),
      key: 'cancel',
      onClick: () => {
        this.#stopAsking();
        void api.signOut().then(
          () => this.#look(),
          () => this.#look(),
        );
      },
    });
    replaceContent(
      this.element,
      ...explanation('sign-in', t('signIn.codeTitle'), t('signIn.codeText')),
      el('p', { class: 'flowyard-code', 'aria-label': t('signIn.code') }, code),
      el('div', { class: 'flowyard-buttons flowyard-middle' }, cancel, link),
      el('p', { class: 'flowyard-quiet flowyard-middle', role: 'status' }, t('signIn.waits')),
    );
    this.#askSoon();
  }

  #askSoon(): void {
    this.#stopAsking();
    this.#asking = setTimeout(() => {
      if (!this.element.isConnected) {
        return;
      }
      api.readSignIn().then(
        (state) => (state.state === 'waiting' ? this.#askSoon() : this.#show(state)),
        () => this.#askSoon(),
      );
    }, ASK_EVERY_MS);
  }

  #stopAsking(): void {
    if (this.#asking !== null) {
      clearTimeout(this.#asking);
    }
  }
}

/** A heading with what it is about, above a form. */
export function explanation(iconName: string, title: string, text: string): Node[] {
  return [el('div', { class: 'flowyard-empty' }, icon(iconName), el('h3', {}, title), el('p', {}, text))];
}
