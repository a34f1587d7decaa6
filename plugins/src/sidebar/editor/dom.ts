type Child = Node | string | null;

interface Attributes {
  [name: string]: string | number | boolean | undefined;
}

/** An element with text and elements in it. Text is always text: nothing here parses HTML. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) {
      element.setAttribute(name, '');
    } else if (value !== undefined && value !== false) {
      element.setAttribute(name, String(value));
    }
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** A Font Awesome icon that screen readers skip: the words are beside it. */
export function icon(name: string): HTMLElement {
  return el('i', { class: `fa fa-${name}`, 'aria-hidden': 'true' });
}

interface ButtonOptions {
  label: string;
  icon?: string;
  primary?: boolean;
  disabled?: boolean;
  /** Names it across renderings, so that it keeps the focus. */
  key?: string;
  /** What a screen reader says when the words alone do not tell enough. */
  description?: string;
  onClick: () => void;
}

export function button(options: ButtonOptions): HTMLButtonElement {
  const element = el(
    'button',
    {
      type: 'button',
      class: `red-ui-button red-ui-button-small${options.primary ? ' primary' : ''}`,
      disabled: options.disabled,
      'data-key': options.key,
      'aria-label': options.description,
      title: options.description,
    },
    ...(options.icon === undefined ? [] : [icon(options.icon), ' ']),
    options.label,
  );
  element.addEventListener('click', options.onClick);
  return element;
}

/** Keys of the details that a person has opened. */
function openDetails(container: HTMLElement): string[] {
  return [...container.querySelectorAll<HTMLElement>('details[open][data-key]')].map(
    ({ dataset }) => dataset.key ?? '',
  );
}

function find(container: HTMLElement, key: string): HTMLElement | null {
  return container.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`);
}

/** Replaces what is in an element. What had the focus has it again, and what was open is open, if it is still there. */
export function replaceContent(container: HTMLElement, ...children: Child[]): void {
  const focused = document.activeElement;
  const key = focused instanceof HTMLElement && container.contains(focused) ? focused.dataset.key : undefined;
  const open = openDetails(container);
  container.replaceChildren(...children.filter((child) => child !== null));
  for (const openKey of open) {
    find(container, openKey)?.setAttribute('open', '');
  }
  if (key !== undefined) {
    find(container, key)?.focus();
  }
}
