import type { TimelineEntry, TimelineKind } from '@flowyard/protocol';
import {
  mdiAlertOutline,
  mdiCameraOutline,
  mdiCogOutline,
  mdiRocketLaunchOutline,
  mdiTransitConnectionHorizontal,
} from '@mdi/js';

export const KINDS: Record<TimelineKind, { title: string; icon: string; tone: string }> = {
  deploy: { title: 'Deploys', icon: mdiRocketLaunchOutline, tone: 'busy' },
  snapshot: { title: 'Snapshots', icon: mdiCameraOutline, tone: 'good' },
  push: { title: 'Pushes', icon: mdiTransitConnectionHorizontal, tone: 'busy' },
  settings: { title: 'Settings', icon: mdiCogOutline, tone: 'quiet' },
  trouble: { title: 'Trouble', icon: mdiAlertOutline, tone: 'bad' },
};

const WORDS: Record<string, string> = {
  'flows.deployed': 'Flows deployed',
  'snapshot.created': 'Snapshot',
  'stage.pushed': 'Push of',
  'instance.rolled-back': 'Rolled back to',
  'device.rolled-back': 'Rolled back',
  'instance.returned': 'A failed push was taken back',
  'instance.blueprint-applied': 'Newest version of the blueprint applied',
  'instance.target-set': 'Target of its devices set to',
  'device.target-set': 'Target set to',
  'device.developer-mode-ended': 'Developer mode ended',
  'instance.settings-changed': 'Settings changed:',
  'device.settings-changed': 'Settings changed:',
  'instance.template-set': 'Another template',
  'instance.variables-changed': 'Variables changed:',
  'device.variables-changed': 'Variables changed:',
  'instance.change-succeeded': 'Moved to another stack or type',
  'instance.change-failed': 'Could not be moved to another stack or type',
  'instance.change-returned': 'Went back to the stack or type from before',
  'instance.crashed': 'Crashed.',
  'device.crashed': 'Crashed.',
  'instance.safe': 'Started in safe mode.',
  'device.safe': 'Started in safe mode.',
  'instance.error': 'Flows do not run as they should.',
  'device.error': 'Does not run as it should.',
  'instance.limp-started': 'Started without the flows that crash it',
  'device.assigned': 'Assigned anew',
  'device.group-set': 'Moved between groups',
};

/** What happened, in front of what it happened with. */
export function wordsOf({ event }: Pick<TimelineEntry, 'event'>): string {
  return WORDS[event] ?? event.replace(/^[^.]*\./, '').replaceAll('-', ' ');
}
