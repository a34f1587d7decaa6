import type { DeviceView } from '@flowyard/protocol';

/** Which changes a flow wants to hear of. */
export interface DeviceFilter {
  scope: 'application' | 'device-group' | 'device';
  /** Name or id of the group or device. */
  subject: string;
  /** None means all. */
  statuses: readonly string[];
}

/** What a message says of a device. */
export interface DevicePayload {
  id: string;
  name: string;
  status: string;
  presence: string;
  state: string;
  reason: string | null;
  targetSnapshot: DeviceView['targetSnapshot'];
  runningSnapshot: DeviceView['runningSnapshot'];
}

export interface DeviceMessage {
  topic: string;
  payload: DevicePayload;
  /** The status before; null when the device was not known yet. */
  previous: string | null;
}

function payloadOf(device: DeviceView): DevicePayload {
  const { id, name, status, presence, state, reason, targetSnapshot, runningSnapshot } = device;
  return { id, name, status, presence, state, reason, targetSnapshot, runningSnapshot };
}

function isNamed(reference: { id: string; name: string } | null, subject: string): boolean {
  return reference !== null && (reference.id === subject || reference.name === subject);
}

function concerns(filter: DeviceFilter, device: DeviceView): boolean {
  switch (filter.scope) {
    case 'application':
      return true;
    case 'device-group':
      return isNamed(device.deviceGroup, filter.subject);
    case 'device':
      return isNamed(device, filter.subject);
  }
}

/**
 * Remembers what devices were, and tells what of a new view is worth a message: not each figure and not each
 * per cent of progress, but another status, reason or snapshot.
 */
export class DeviceTracker {
  readonly #filter: DeviceFilter;
  readonly #known = new Map<string, DevicePayload>();

  constructor(filter: DeviceFilter) {
    this.#filter = filter;
  }

  /** Takes a view; answers the message to send, or null. Of a device that was not known it says something only when asked. */
  take(device: DeviceView, { announceUnknown }: { announceUnknown: boolean }): DeviceMessage | null {
    const { statuses } = this.#filter;
    if (!concerns(this.#filter, device)) {
      this.#known.delete(device.id);
      return null;
    }
    const before = this.#known.get(device.id);
    const payload = payloadOf(device);
    this.#known.set(device.id, payload);
    const isNews =
      before === undefined ? announceUnknown : JSON.stringify(before) !== JSON.stringify(payload);
    if (!isNews || (statuses.length > 0 && !statuses.includes(payload.status))) {
      return null;
    }
    return { topic: device.name, payload, previous: before?.status ?? null };
  }

  /** The device is gone or may no longer be seen. */
  forget(id: string): void {
    this.#known.delete(id);
  }

  /** How many devices it knows. */
  get size(): number {
    return this.#known.size;
  }
}
