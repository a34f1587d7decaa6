import { button, el } from './dom';
import { t } from './translate';
import { widget } from './widget';

interface FormDialog {
  title: string;
  content: Node[];
  /** What the button does, as a verb. */
  action: string;
  width?: number;
  /** Closes the dialog when it is through; what it throws is shown in it. */
  onSubmit: () => Promise<void>;
  onClose?: () => void;
}

export interface OpenDialog {
  close(): void;
  /** Why the button does nothing now; null when it does. */
  setBlocked(reason: string | null): void;
  /** Says something above the buttons; an empty text is nothing. */
  setProblem(text: string): void;
}

const CLASSES = {
  'ui-dialog': 'red-ui-editor-dialog flowyard-dialog',
  'ui-dialog-titlebar-close': 'hide',
  'ui-widget-overlay': 'red-ui-editor-dialog',
};

/** A dialog as those of the editor itself: modal, closed by Escape, with the focus kept inside. */
export function openInfo(
  title: string,
  content: Node[],
  options: { width?: number; onClose?: () => void } = {},
) {
  const close = button({ label: t('action.close'), onClick: () => widget(box, 'dialog', 'close') });
  const box = show(
    title,
    el('div', {}, ...content, el('div', { class: 'flowyard-buttons' }, close)),
    options,
  );
  return { close: () => widget(box, 'dialog', 'close') };
}

/** A form in a dialog: Enter submits it. */
export function openForm(options: FormDialog): OpenDialog {
  const problem = el('p', { class: 'flowyard-problem', role: 'alert' });
  const submit = el('button', { type: 'submit', class: 'red-ui-button primary' }, options.action);
  const cancel = el('button', { type: 'button', class: 'red-ui-button' }, t('action.cancel'));
  const buttons = el('div', { class: 'flowyard-buttons' }, cancel, submit);
  const form = el('form', { class: 'flowyard-form', novalidate: true }, ...options.content, problem, buttons);
  const box = show(options.title, form, options);
  let blocked: string | null = null;
  let isBusy = false;
  const draw = () => {
    submit.disabled = isBusy || blocked !== null;
    submit.title = blocked ?? '';
  };
  cancel.addEventListener('click', () => widget(box, 'dialog', 'close'));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (submit.disabled || !form.reportValidity()) {
      return;
    }
    isBusy = true;
    problem.textContent = '';
    draw();
    options
      .onSubmit()
      .then(
        () => widget(box, 'dialog', 'close'),
        (error: unknown) => {
          problem.textContent = error instanceof Error ? error.message : String(error);
        },
      )
      .finally(() => {
        isBusy = false;
        draw();
      });
  });
  return {
    close: () => widget(box, 'dialog', 'close'),
    setBlocked: (reason) => {
      blocked = reason;
      draw();
    },
    setProblem: (text) => {
      problem.textContent = text;
    },
  };
}

function show(
  title: string,
  content: HTMLElement,
  { width = 520, onClose }: { width?: number; onClose?: () => void },
) {
  const before = document.activeElement;
  const box = $(el('div', {}, content));
  widget(box, 'dialog', {
    title,
    modal: true,
    width: Math.min(width, window.innerWidth - 20),
    maxHeight: window.innerHeight - 40,
    resizable: false,
    draggable: true,
    classes: CLASSES,
    close: () => {
      onClose?.();
      // The key that closed it still goes up through the page, and the editor looks from where it came.
      setTimeout(() => {
        widget(box, 'dialog', 'destroy');
        box.remove();
        if (before instanceof HTMLElement) {
          before.focus();
        }
      });
    },
  });
  return box;
}

/** A field with its label above it. */
export function field(
  label: string,
  input: HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement,
  hint?: string,
): HTMLElement {
  input.id ||= `flowyard-field-${crypto.randomUUID?.() ?? Math.random().toString(36).slice(2)}`;
  const note =
    hint === undefined ? null : el('div', { class: 'flowyard-hint', id: `${input.id}-hint` }, hint);
  if (note !== null) {
    input.setAttribute('aria-describedby', note.id);
  }
  return el('div', { class: 'flowyard-field' }, el('label', { for: input.id }, label), input, note);
}

/** A tick with its words beside it. */
export function tick(label: string, isTicked: boolean): { row: HTMLElement; input: HTMLInputElement } {
  const input = el('input', { type: 'checkbox' });
  input.checked = isTicked;
  return { row: el('label', { class: 'flowyard-tick' }, input, ' ', label), input };
}
