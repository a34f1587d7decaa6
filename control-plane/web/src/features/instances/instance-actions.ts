import type { InstanceAction, InstanceView } from '@flowyard/protocol';
import { mdiPause, mdiPlay, mdiRestart, mdiStop } from '@mdi/js';
import { api, ask } from '../../shared/api/client.ts';

export interface ActionChoice {
  action: InstanceAction;
  title: string;
  icon: string;
  /** What people in front of running flows must know before they say yes. */
  warning: string | null;
  done: string;
}

const CHOICES: Record<InstanceAction, ActionChoice> = {
  start: { action: 'start', title: 'Start', icon: mdiPlay, warning: null, done: 'Starting' },
  restart: {
    action: 'restart',
    title: 'Restart',
    icon: mdiRestart,
    warning: 'Its flows stop for a moment and begin again; what they hold only in memory is lost.',
    done: 'Restarting',
  },
  'start-limp': {
    action: 'start-limp',
    title: 'Start without the flows that crash',
    icon: mdiPlay,
    warning: null,
    done: 'Starting',
  },
  stop: {
    action: 'stop',
    title: 'Stop',
    icon: mdiStop,
    warning: 'Its flows stop and its pages do not answer until somebody starts it.',
    done: 'Stopping',
  },
  suspend: {
    action: 'suspend',
    title: 'Suspend',
    icon: mdiPause,
    warning: 'Its flows stop and it takes no memory until somebody starts it.',
    done: 'Suspending',
  },
};

const AWAY = new Set(['created', 'stopped', 'suspended']);

/** The actions that make sense in the state an instance is in. */
export function actionsFor(instance: Pick<InstanceView, 'state'>): ActionChoice[] {
  if (AWAY.has(instance.state)) {
    return [CHOICES.start, ...(instance.state === 'stopped' ? [CHOICES.suspend] : [])];
  }
  const restart = instance.state === 'stopping' ? [] : [CHOICES.restart];
  const start = instance.state === 'error' || instance.state === 'crashed' ? [CHOICES.start] : [];
  return [...start, ...restart, CHOICES.stop, CHOICES.suspend];
}

/** Whether its editor and pages can answer at all. */
export function canBeOpened(instance: Pick<InstanceView, 'state'>): boolean {
  return !AWAY.has(instance.state);
}

/** Asks the control plane to do it; the state follows live. */
export function controlInstance(id: string, action: InstanceAction): Promise<InstanceView> {
  return ask(api.POST('/instances/{id}/actions', { params: { path: { id } }, body: { action } }));
}
