import type { DeploymentState, RuntimeStatus } from '@flowyard/protocol';
import { el, icon } from './dom';
import { t } from './translate';

type Tone = 'good' | 'busy' | 'warning' | 'bad' | 'quiet';

/** One vocabulary with the page: word, icon and colour, never the colour alone. */
const STATUSES: Record<RuntimeStatus, [icon: string, tone: Tone]> = {
  created: ['circle-o', 'quiet'],
  waiting: ['hourglass-o', 'quiet'],
  starting: ['refresh', 'busy'],
  running: ['check-circle', 'good'],
  updating: ['download', 'busy'],
  safe: ['shield', 'warning'],
  drift: ['random', 'warning'],
  stopping: ['refresh', 'busy'],
  stopped: ['stop-circle', 'quiet'],
  suspended: ['pause-circle', 'quiet'],
  crashed: ['times-circle', 'bad'],
  error: ['exclamation-circle', 'bad'],
  offline: ['plug', 'warning'],
  never: ['question-circle', 'quiet'],
};

const DEPLOYMENTS: Record<DeploymentState, [icon: string, tone: Tone]> = {
  planned: ['calendar', 'quiet'],
  waiting: ['hourglass-o', 'busy'],
  running: ['refresh', 'busy'],
  paused: ['pause-circle', 'warning'],
  halted: ['hand-stop-o', 'bad'],
  succeeded: ['check-circle', 'good'],
  failed: ['times-circle', 'bad'],
  aborted: ['ban', 'warning'],
  'rolled-back': ['undo', 'warning'],
};

function badge(word: string, [name, tone]: [string, Tone]): HTMLElement {
  return el('span', { class: `flowyard-badge flowyard-${tone}` }, icon(name), ' ', word);
}

export function statusBadge(status: RuntimeStatus): HTMLElement {
  return badge(t(`status.${status}`), STATUSES[status] ?? ['circle-o', 'quiet']);
}

export function deploymentBadge(state: DeploymentState): HTMLElement {
  return badge(t(`deployment.${state}`), DEPLOYMENTS[state] ?? ['circle-o', 'quiet']);
}
