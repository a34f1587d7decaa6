import type { DeviceView } from '@flowyard/protocol';
import { el, icon } from './dom';
import { emptyState, Pane } from './pane';
import { statusBadge } from './status-badge';
import type { Store } from './store';
import { time } from './times';
import { t } from './translate';

function matches(device: DeviceView, search: string): boolean {
  const words = [device.name, device.type, device.deviceGroup?.name ?? '', t(`status.${device.status}`)];
  return words.join(' ').toLowerCase().includes(search.trim().toLowerCase());
}

function release(device: DeviceView): HTMLElement {
  const { runningSnapshot: running, targetSnapshot: target } = device;
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

function reasonOf({ id, reason }: DeviceView): HTMLElement | null {
  if (reason === null) {
    return null;
  }
  const [first = '', ...more] = reason.split('\n');
  if (more.length === 0) {
    return el('div', { class: 'flowyard-text' }, first);
  }
  return el(
    'details',
    { class: 'flowyard-text', 'data-key': `reason-${id}` },
    el('summary', {}, first),
    el('pre', {}, more.join('\n').trim()),
  );
}

function item(device: DeviceView): HTMLElement {
  const progress = device.progress === null ? null : el('progress', { max: 1, value: device.progress });
  progress?.setAttribute('aria-label', device.step ?? t('status.updating'));
  return el(
    'li',
    { class: 'flowyard-item' },
    el(
      'div',
      { class: 'flowyard-row' },
      el('strong', { class: 'flowyard-name' }, device.name),
      statusBadge(device.status),
    ),
    release(device),
    device.step === null ? null : el('div', { class: 'flowyard-row flowyard-quiet' }, device.step, progress),
    device.presence === 'offline' && device.lastSeenAt !== null
      ? el('div', { class: 'flowyard-quiet' }, t('devices.lastSeen'), ' ', time(device.lastSeenAt))
      : null,
    reasonOf(device),
  );
}

/** Those that this instance feeds first, then by group. */
function sectionOf(store: Store, device: DeviceView): string {
  if (device.instance !== null && device.instance.id === store.seat?.place.id) {
    return t('devices.ofInstance');
  }
  return device.deviceGroup === null
    ? t('devices.others')
    : t('devices.ofGroup', { name: device.deviceGroup.name });
}

function sections(store: Store, devices: DeviceView[]): [title: string, devices: DeviceView[]][] {
  const found = new Map<string, DeviceView[]>();
  for (const device of devices) {
    const title = sectionOf(store, device);
    found.set(title, [...(found.get(title) ?? []), device]);
  }
  const rank = (title: string) =>
    title === t('devices.ofInstance') ? 0 : title === t('devices.others') ? 2 : 1;
  return [...found].sort(([a], [b]) => rank(a) - rank(b) || a.localeCompare(b));
}

function summary(devices: DeviceView[]): HTMLElement {
  const counts = new Map<DeviceView['status'], number>();
  for (const { status } of devices) {
    counts.set(status, (counts.get(status) ?? 0) + 1);
  }
  const parts = [...counts].map(([status, count]) =>
    el('span', { class: 'flowyard-count' }, el('strong', {}, String(count)), ' ', statusBadge(status)),
  );
  return el('div', { class: 'flowyard-row flowyard-summary' }, ...parts);
}

/** The tab "Devices": who is there, what runs on each and what should. */
export function devicesPane(store: Store): Pane {
  const filter = el('input', {
    type: 'search',
    placeholder: t('devices.filter'),
    'aria-label': t('devices.filter'),
  });
  const render = (): Node[] => {
    if (store.devices.size === 0) {
      return emptyState('microchip', t('devices.emptyTitle'), t('devices.emptyText'));
    }
    const all = [...store.devices.values()].sort((a, b) =>
      a.name.localeCompare(b.name, undefined, { numeric: true }),
    );
    const shown = all.filter((device) => matches(device, filter.value));
    if (shown.length === 0) {
      return [el('p', { class: 'flowyard-quiet' }, t('devices.noMatch'))];
    }
    const lists = sections(store, shown).flatMap(([title, devices]) => [
      el('h3', { class: 'flowyard-section' }, title),
      el('ul', { class: 'flowyard-list' }, ...devices.map(item)),
    ]);
    return [summary(shown), ...lists];
  };
  const pane = new Pane(store, {
    part: 'devices',
    head: el('div', { class: 'flowyard-head' }, filter),
    render,
  });
  filter.addEventListener('input', () => pane.draw());
  return pane;
}
