import { el } from './dom';
import { t } from './translate';

interface Message {
  title: string;
  /** Paragraphs, and form elements among them. */
  content: (Node | string)[];
}

interface Question extends Message {
  /** What the button does, as a verb; set as HTML by Node-RED, so never anybody's input. */
  action: string;
  onConfirm: () => void;
}

interface Button {
  text: string;
  class?: string;
  click: () => void;
}

/** Keeps the focus inside: what is behind the shade cannot be used by the mouse either. */
function keepFocus(dialog: HTMLElement, event: KeyboardEvent): void {
  const stops = [...dialog.querySelectorAll<HTMLElement>('button, select')];
  const at = stops.indexOf(document.activeElement as HTMLElement);
  const next = stops[(at + (event.shiftKey ? -1 : 1) + stops.length) % stops.length];
  event.preventDefault();
  next?.focus();
}

/** Asks before something that others will feel. Escape and "Cancel" change nothing. */
export function confirmAction({ action, onConfirm, ...message }: Question): void {
  show(message, (close) => [
    { text: t('action.cancel'), click: close },
    {
      text: action,
      class: 'primary',
      click: () => {
        close();
        onConfirm();
      },
    },
  ]);
}

/** Says why something cannot be done, to be read before anything else. */
export function explain(message: Message): void {
  show(message, (close) => [{ text: t('action.close'), class: 'primary', click: close }]);
}

function show({ title, content }: Message, buttonsOf: (close: () => void) => Button[]): void {
  const before = document.activeElement;
  const paragraphs = content.map((part) => (typeof part === 'string' ? el('p', {}, part) : part));
  const body = el('div', { class: 'flowyard-confirm' }, el('h3', {}, title), ...paragraphs);
  const close = () => {
    dialog.close();
    if (before instanceof HTMLElement) {
      before.focus();
    }
  };
  const dialog = RED.notify($(body), {
    modal: true,
    fixed: true,
    type: 'warning',
    buttons: buttonsOf(close),
  }) as HTMLDivElement & { close(): void };
  dialog.setAttribute('role', 'alertdialog');
  dialog.setAttribute('aria-label', title);
  dialog.tabIndex = -1;
  dialog.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') {
      close();
    } else if (event.key === 'Tab') {
      keepFocus(dialog, event);
    }
  });
  dialog.focus();
}
