import type { TimelineKind } from '@flowyard/protocol';

/** Which events of the audit log are on the line, and as what. Snapshots and pushes have tables of their own. */
const EVENTS: Record<Exclude<TimelineKind, 'snapshot' | 'push'>, readonly string[]> = {
  deploy: [
    'flows.deployed',
    'instance.rolled-back',
    'instance.returned',
    'instance.blueprint-applied',
    'device.rolled-back',
    'device.target-set',
    'instance.target-set',
    'device.developer-mode-ended',
  ],
  settings: [
    'instance.settings-changed',
    'instance.template-set',
    'instance.variables-changed',
    'instance.change-succeeded',
    'device.settings-changed',
    'device.variables-changed',
    'device.assigned',
    'device.group-set',
  ],
  trouble: [
    'instance.crashed',
    'instance.safe',
    'instance.error',
    'instance.limp-started',
    'instance.change-failed',
    'instance.change-returned',
    'device.crashed',
    'device.safe',
    'device.error',
    'device.release-failed',
  ],
};

const KIND_OF = new Map(
  Object.entries(EVENTS).flatMap(([kind, events]) => events.map((event) => [event, kind as TimelineKind])),
);

export function kindOfEvent(event: string): TimelineKind {
  return KIND_OF.get(event) ?? 'settings';
}

/** The events of a kind, or of all. */
export function eventsOf(kind: TimelineKind | undefined): string[] {
  return kind === undefined ? [...KIND_OF.keys()] : [...(EVENTS[kind as keyof typeof EVENTS] ?? [])];
}
