import { el } from './dom';
import { widget } from './widget';

/** The editor's own search box. */
export function searchBox(label: string, onSearch: (text: string) => void) {
  const input = el('input', { type: 'text', placeholder: label, 'aria-label': label });
  const element = el('div', { class: 'flowyard-search' }, input);
  widget($(input), 'searchBox', {
    delay: 250,
    change: () => onSearch(input.value.trim()),
  });
  // A link without words, which is no use to a screen reader: Escape empties the box.
  element.querySelector('.red-ui-searchBox-clear')?.setAttribute('aria-hidden', 'true');
  element.querySelector('.red-ui-searchBox-clear')?.setAttribute('tabindex', '-1');
  return { element, text: () => input.value.trim() };
}
