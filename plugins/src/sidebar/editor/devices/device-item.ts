import type { DeviceView } from '@flowyard/protocol';
import { el, icon } from '../dom';
import { type MenuEntry, menuButton } from '../menu-button';
import { statusBadge } from '../status-badge';
import { time } from '../times';
import { t } from '../translate';
import { openDeviceLog } from './log-dialog';

function release({ runningSnapshot: running, targetSnapshot: target }: DeviceView): HTMLElement {
  const runs = running === null ? t('devices.runsNothing') : t('devices.runs', { name: running.name });
  const isDrift = target !== null && target.id !== running?.id;
  return el(
    'div',
    { class: 'flowyard-row flowyard-quiet' },
    el('span', {}, runs),
    isDrift
      ? el(
          'span',
          { class: 'flowyard-warning' },
          icon('random'),
          ' ',
          t('devices.shouldRun', { name: target.name }),
        )
      : null,
  );
}

/** Why it does not run what it should, or is not well; long reasons are folded. */
function reasonOf({ id, drift, reason }: DeviceView): HTMLElement | null {
  const text = drift?.text ?? reason;
  if (text === null) {
    return null;
  }
  const log = reason?.includes('\n') ? reason.split('\n').slice(1).join('\n').trim() : '';
  const [first = ''] = text.split('\n');
  if (log === '') {
    return el('div', { class: 'flowyard-text' }, first);
  }
  return el(
    'details',
    { class: 'flowyard-text', 'data-key': `reason-${id}` },
    el('summary', {}, first),
    el('pre', {}, log),
  );
}

/** Opens something of Flowyard's beside the editor. */
function openBeside(url: string): void {
  window.open(url, '_blank', 'noopener');
}

function entries(device: DeviceView, flowyard: string): MenuEntry[] {
  const { developer, presence } = device;
  return [
    { label: t('devices.log'), onselect: () => openDeviceLog(device) },
    ...(developer !== null && presence === 'online'
      ? [{ label: t('devices.editor'), onselect: () => openBeside(developer.url) }]
      : []),
    { label: t('devices.page'), onselect: () => openBeside(`${flowyard}/devices/${device.id}`) },
  ];
}

/** One device: whether it is there, what runs on it, what should and why it does not. */
export function deviceItem(device: DeviceView, flowyard: string): HTMLElement {
  const progress = device.progress === null ? null : el('progress', { max: 1, value: device.progress });
  progress?.setAttribute('aria-label', device.step ?? t('status.updating'));
  const menu = menuButton(
    { label: '', description: t('menu.of', { name: device.name }), key: `menu-${device.id}` },
    () => entries(device, flowyard),
  );
  return el(
    'li',
    { class: 'flowyard-item' },
    el(
      'div',
      { class: 'flowyard-item-head' },
      el(
        'div',
        { class: 'flowyard-row' },
        el('strong', { class: 'flowyard-name' }, device.name),
        statusBadge(device.status),
        device.developer === null
          ? null
          : el('span', { class: 'flowyard-tag' }, icon('code'), ' ', t('devices.developer')),
      ),
      menu,
    ),
    release(device),
    device.step === null ? null : el('div', { class: 'flowyard-row flowyard-quiet' }, device.step, progress),
    device.presence === 'offline' && device.lastSeenAt !== null
      ? el('div', { class: 'flowyard-quiet' }, t('devices.lastSeen'), ' ', time(device.lastSeenAt))
      : null,
    reasonOf(device),
  );
}
