import type { RuntimeStatus } from '@flowyard/protocol';
import { button, el } from '../dom';
import { emptyState, Pane } from '../pane';
import { searchBox } from '../search-box';
import { statusBadge } from '../status-badge';
import type { Store } from '../store';
import { t } from '../translate';
import { deviceItem } from './device-item';
import { countStatuses, type Section, searchDevices, sectionsOf } from './device-list';

/** So many of a section are drawn at first, and so many more each time: thousands would be slow and are not read. */
const PAGE = 50;

function titleOf({ kind, name }: Section): string {
  return kind === 'group'
    ? t('devices.ofGroup', { name })
    : t(kind === 'instance' ? 'devices.ofInstance' : 'devices.others');
}

/** The tab "Devices": who is there, what runs on each and what should. */
export function devicesPane(store: Store): Pane {
  const statuses = new Set<RuntimeStatus>();
  const shown = new Map<string, number>();
  const closed = new Set<string>();
  const search = searchBox(t('devices.filter'), () => pane.draw());

  const chip = ([status, count]: [RuntimeStatus, number]): HTMLElement => {
    const element = button({
      label: '',
      key: `chip-${status}`,
      onClick: () => {
        if (!statuses.delete(status)) {
          statuses.add(status);
        }
        pane.draw();
      },
    });
    element.classList.add('flowyard-chip');
    element.setAttribute('aria-pressed', String(statuses.has(status)));
    element.append(el('strong', {}, String(count)), ' ', statusBadge(status));
    return element;
  };

  const sectionView = (section: Section): HTMLElement => {
    const { key, devices } = section;
    const count = Math.min(devices.length, shown.get(key) ?? PAGE);
    const isOpen = !closed.has(key);
    const items = isOpen ? devices.slice(0, count) : [];
    const flowyard = store.seat?.url ?? '';
    const left = devices.length - count;
    const details = el(
      'details',
      { class: 'flowyard-devices', open: isOpen },
      el(
        'summary',
        { class: 'flowyard-section', 'data-key': `section-${key}` },
        titleOf(section),
        ' ',
        el('span', { class: 'flowyard-quiet' }, String(devices.length)),
      ),
      el('ul', { class: 'flowyard-list' }, ...items.map((device) => deviceItem(device, flowyard))),
      left > 0
        ? button({
            label: t('devices.more', { count: left }),
            key: `more-${key}`,
            onClick: () => {
              shown.set(key, count + PAGE * 2);
              pane.draw();
            },
          })
        : null,
    );
    details.addEventListener('toggle', () => {
      if (details.open === closed.has(key)) {
        if (!closed.delete(key)) {
          closed.add(key);
        }
        pane.draw();
      }
    });
    return details;
  };

  const render = (): Node[] => {
    if (store.devices.size === 0) {
      return emptyState('microchip', t('devices.emptyTitle'), t('devices.emptyText'));
    }
    const found = searchDevices(store.devices.values(), search.text());
    const counts = countStatuses(found);
    // A chip that nothing is left of would hide everything and not be there to be taken back.
    for (const status of statuses) {
      if (counts.every(([each]) => each !== status)) {
        counts.push([status, 0]);
      }
    }
    const sections = sectionsOf(found, statuses, store.seat?.place.id);
    return [
      el(
        'div',
        { class: 'flowyard-row flowyard-chips', role: 'group', 'aria-label': t('devices.statusFilter') },
        ...counts.map(chip),
      ),
      ...(sections.length === 0
        ? [el('p', { class: 'flowyard-quiet' }, t('devices.noMatch'))]
        : sections.map(sectionView)),
    ];
  };
  const pane = new Pane(store, {
    part: 'devices',
    head: el('div', { class: 'flowyard-head' }, search.element),
    render,
  });
  return pane;
}
