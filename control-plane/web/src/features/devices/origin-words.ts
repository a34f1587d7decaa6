import type { Origin } from '@flowyard/protocol';

const KINDS: Record<Origin['kind'], string> = {
  default: 'default',
  platform: 'from the platform',
  template: 'from the template',
  team: 'from the team',
  application: 'from the application',
  group: 'from the group',
  snapshot: 'from the snapshot',
  instance: 'from the instance',
  device: 'from the device',
};

/** Where a value of a device comes from. */
export function originWords({ kind, name }: Origin): string {
  return name === null || kind === 'default' ? KINDS[kind] : `${KINDS[kind]} ${name}`;
}
