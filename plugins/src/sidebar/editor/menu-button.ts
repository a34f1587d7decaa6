import { button } from './dom';
import { editor } from './node-red';

export interface MenuEntry {
  label: string;
  onselect: () => void;
}

/** A button that opens a menu of the editor; by keyboard the first entry has the focus, and the button again afterwards. */
export function menuButton(
  { label, description, key }: { label: string; description: string; key: string },
  entries: () => MenuEntry[],
): HTMLButtonElement {
  const opener = button({
    label,
    icon: 'ellipsis-v',
    key,
    description,
    onClick: () => openMenu(opener, key, entries()),
  });
  opener.setAttribute('aria-haspopup', 'menu');
  if (label === '') {
    opener.classList.add('flowyard-icon-button');
  }
  return opener;
}

function openMenu(opener: HTMLButtonElement, key: string, entries: MenuEntry[]): void {
  const menu = editor.popover.menu({
    class: 'flowyard-menu',
    // When the menu is gone and the button has the focus again, so that a dialog takes it from there.
    options: entries.map(({ label, onselect }) => ({ label, onselect: () => void setTimeout(onselect) })),
    // The list may have been drawn anew while the menu was open.
    onclose: () => (document.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`) ?? opener).focus(),
  });
  menu.show({ target: $(opener), align: 'left', offset: [opener.offsetWidth, 0] });
  // It would slide in: an entry that moves away beneath the pointer is not pressed, and one not yet shown takes no focus.
  $('.flowyard-menu').finish().find('a').first().trigger('focus');
}
