import type { DeviceView, RuntimeStatus } from '@flowyard/protocol';

/** Devices that belong together, with what they are called. */
export interface Section {
  key: string;
  kind: 'instance' | 'group' | 'others';
  name: string;
  devices: DeviceView[];
}

export interface Filter {
  /** Has to be in the name, the type, the group, a label or the snapshot. */
  text: string;
  /** Only those that are in one of these; all when there is none. */
  statuses: ReadonlySet<RuntimeStatus>;
}

function isFound(device: DeviceView, text: string): boolean {
  const { name, type, deviceGroup, labels, runningSnapshot, targetSnapshot } = device;
  const words = [name, type, deviceGroup?.name, ...labels, runningSnapshot?.name, targetSnapshot?.name];
  return words.some((word) => word?.toLowerCase().includes(text));
}

/** Those that match the text, whatever they are in: by them the chips count. */
export function searchDevices(devices: Iterable<DeviceView>, text: string): DeviceView[] {
  const wanted = text.trim().toLowerCase();
  const all = [...devices];
  return wanted === '' ? all : all.filter((device) => isFound(device, wanted));
}

/** How many there are of each status, the most frequent first. */
export function countStatuses(devices: readonly DeviceView[]): [RuntimeStatus, number][] {
  const counts = new Map<RuntimeStatus, number>();
  for (const { status } of devices) {
    counts.set(status, (counts.get(status) ?? 0) + 1);
  }
  return [...counts].sort(([, a], [, b]) => b - a);
}

const ORDER: Record<Section['kind'], number> = { instance: 0, group: 1, others: 2 };
const byName = new Intl.Collator(undefined, { numeric: true }).compare;

/** Those that this instance feeds first, then by group, then all others; by name in each. */
export function sectionsOf(
  devices: readonly DeviceView[],
  statuses: Filter['statuses'],
  placeId: string | undefined,
): Section[] {
  const sections = new Map<string, Section>();
  const put = (key: string, kind: Section['kind'], name: string, device: DeviceView) => {
    const section = sections.get(key) ?? { key, kind, name, devices: [] };
    section.devices.push(device);
    sections.set(key, section);
  };
  for (const device of devices) {
    if (statuses.size > 0 && !statuses.has(device.status)) {
      continue;
    }
    if (device.instance !== null && device.instance.id === placeId) {
      put('instance', 'instance', device.instance.name, device);
    } else if (device.deviceGroup !== null) {
      put(device.deviceGroup.id, 'group', device.deviceGroup.name, device);
    } else {
      put('others', 'others', '', device);
    }
  }
  for (const section of sections.values()) {
    section.devices.sort((a, b) => byName(a.name, b.name));
  }
  return [...sections.values()].sort((a, b) => ORDER[a.kind] - ORDER[b.kind] || byName(a.name, b.name));
}
