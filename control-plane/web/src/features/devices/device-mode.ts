import type { DeviceView } from '@flowyard/protocol';
import { api, ask } from '../../shared/api/client.ts';

const HOUR = 60;

/** How long developer mode may last; null has no end. */
export const DURATIONS: ReadonlyArray<{ title: string; value: number | null }> = [
  { title: '1 hour', value: HOUR },
  { title: '4 hours', value: 4 * HOUR },
  { title: '8 hours', value: 8 * HOUR },
  { title: '1 day', value: 24 * HOUR },
  { title: '1 week', value: 7 * 24 * HOUR },
  { title: 'until somebody ends it', value: null },
];
export const USUAL_DURATION = 4 * HOUR;

export function develop(id: string, minutes: number | null): Promise<DeviceView> {
  const params = { path: { id } };
  return ask(api.PUT('/devices/{id}/mode', { params, body: { mode: 'developer', minutes } }));
}

export function endDeveloperMode(id: string): Promise<DeviceView> {
  return ask(api.PUT('/devices/{id}/mode', { params: { path: { id } }, body: { mode: 'fleet' } }));
}

export function takeDeviceSnapshot(id: string, body: { name: string; description?: string }) {
  return ask(api.POST('/devices/{id}/snapshots', { params: { path: { id } }, body }));
}

export function setDeviceTarget(id: string, snapshotId: string | null) {
  return ask(api.PUT('/devices/{id}/target-snapshot', { params: { path: { id } }, body: { snapshotId } }));
}

/** Whether its editor answers now. */
export function canOpenEditor(device: DeviceView): boolean {
  return (
    device.developer !== null &&
    device.presence === 'online' &&
    device.runningMode === 'developer' &&
    ['running', 'error', 'drift'].includes(device.status)
  );
}
