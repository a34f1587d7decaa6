import { el } from '../dom';
import { t } from '../translate';

const MOST_NAMES = 10;

/** The first few names, and how many more there are. */
export function names(all: readonly string[]): HTMLElement {
  const items = all.slice(0, MOST_NAMES).map((name) => el('li', {}, name));
  const left = all.length - MOST_NAMES;
  return el('ul', {}, ...items, left > 0 ? el('li', {}, t('restore.more', { count: left })) : null);
}

/** A sentence with names below it; nothing where there are none. */
export function named(sentence: string, all: readonly string[]): (Node | string)[] {
  return all.length > 0 ? [sentence, names(all)] : [];
}
