import type { DeviceAction, DeviceView } from '@flowyard/protocol';
import { mdiBackupRestore, mdiPause, mdiPlay, mdiRefresh, mdiRestart, mdiStop } from '@mdi/js';
import { api, ask } from '../../shared/api/client.ts';

export interface DeviceActionChoice {
  action: DeviceAction;
  title: string;
  icon: string;
}

const CHOICES: Record<DeviceAction, DeviceActionChoice> = {
  rollback: { action: 'rollback', title: 'Roll back', icon: mdiBackupRestore },
  retry: { action: 'retry', title: 'Try the update again', icon: mdiRefresh },
  start: { action: 'start', title: 'Start', icon: mdiPlay },
  restart: { action: 'restart', title: 'Restart', icon: mdiRestart },
  stop: { action: 'stop', title: 'Stop', icon: mdiStop },
  suspend: { action: 'suspend', title: 'Suspend', icon: mdiPause },
};

/** The actions that make sense for what a device is doing, the likeliest one first; none while it has nothing to run. */
export function deviceActionsFor(
  device: Pick<DeviceView, 'state' | 'status' | 'previousSnapshot'>,
): DeviceActionChoice[] {
  if (device.status === 'never' || device.state === 'idle') {
    return [];
  }
  if (device.state === 'stopped' || device.state === 'suspended') {
    return [CHOICES.start];
  }
  const failed = device.state === 'error' || device.status === 'drift';
  return [
    ...(failed ? [CHOICES.retry] : []),
    CHOICES.restart,
    ...(device.previousSnapshot === null ? [] : [CHOICES.rollback]),
    CHOICES.stop,
    CHOICES.suspend,
  ];
}

/** Asks for it; an offline device does it when it is back. */
export function controlDevice(id: string, action: DeviceAction): Promise<DeviceView> {
  return ask(api.POST('/devices/{id}/actions', { params: { path: { id } }, body: { action } }));
}
