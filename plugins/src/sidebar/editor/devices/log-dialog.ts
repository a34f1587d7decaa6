import type { DeviceView, LogLine } from '@flowyard/protocol';
import { api } from '../api';
import { openInfo, tick } from '../dialog';
import { el } from '../dom';
import { clockTime } from '../times';
import { t } from '../translate';

const LINES = 200;
const ASK_EVERY_MS = 3000;

function line({ at, level, text }: LogLine): HTMLElement {
  return el(
    'div',
    { class: `flowyard-log-line flowyard-log-${level}` },
    el('time', { datetime: at }, clockTime(at)),
    ' ',
    el('span', { class: 'flowyard-log-level' }, level),
    ' ',
    text,
  );
}

/** The last lines of a device's log; new ones come as long as it is open and somebody looks. */
export function openDeviceLog({ id, name, presence }: DeviceView): void {
  const log = el('div', {
    class: 'flowyard-log',
    tabindex: 0,
    role: 'log',
    'aria-label': t('devices.logOf', { name }),
  });
  const problem = el('p', { class: 'flowyard-problem', role: 'alert' });
  const follow = tick(t('devices.follow'), true);
  let isOpen = true;
  let drawn = '';
  const read = async () => {
    try {
      const { items } = await api.readDeviceLog(id, LINES);
      const state = JSON.stringify(items);
      if (state !== drawn) {
        drawn = state;
        log.replaceChildren(...(items.length === 0 ? [t('devices.noLog')] : items.map(line)));
        if (follow.input.checked) {
          log.scrollTop = log.scrollHeight;
        }
      }
      problem.textContent = '';
    } catch (error) {
      problem.textContent = (error as Error).message;
    }
  };
  const again = async () => {
    if (isOpen && follow.input.checked && !document.hidden) {
      await read();
    }
    if (isOpen) {
      setTimeout(() => void again(), ASK_EVERY_MS);
    }
  };
  const away = presence === 'online' ? [] : [el('p', { class: 'flowyard-hint' }, t('devices.logAway'))];
  openInfo(t('devices.logOf', { name }), [...away, log, problem, follow.row], {
    width: 820,
    onClose: () => {
      isOpen = false;
    },
  });
  log.textContent = t('loading');
  void read().then(() => setTimeout(() => void again(), ASK_EVERY_MS));
}
