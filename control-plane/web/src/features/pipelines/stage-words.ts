import type { MissingVariables, StagePushers, StageView } from '@flowyard/protocol';

export const TARGET_KINDS: Readonly<Record<StageView['target']['kind'], string>> = {
  instance: 'Hosted instance',
  device: 'Device',
  'device-group': 'Device group',
};

/** What may be chosen for a stage besides its name, its target and what a push from it takes. */
export interface StageRules {
  pushers: StagePushers;
  people: string[];
  approval: boolean;
  missingVariables: MissingVariables;
}

export const PUSHER_CHOICES: ReadonlyArray<{ value: StagePushers; title: string }> = [
  { value: 'members', title: 'Members and owners' },
  { value: 'owners', title: 'Only owners' },
  { value: 'people', title: 'Only people who are named' },
];

export const MISSING_CHOICES: ReadonlyArray<{ value: MissingVariables; title: string }> = [
  { value: 'warn', title: 'Push, and say which' },
  { value: 'refuse', title: 'Refuse the push' },
];

/** Where the thing behind a stage has its page. */
export function pageOf(target: StageView['target']): string {
  return `/${target.kind}s/${target.id}`;
}

/** How what a stage runs relates to the next one; `changed` and `empty` are at no snapshot. */
export type StageRelation = 'same' | 'differs' | 'changed' | 'empty';

/** Compares two neighbouring stages by the snapshots that they run. */
export function relationOf(stage: StageView, next: StageView): StageRelation {
  if (stage.snapshot === null) {
    return stage.target.kind === 'instance' ? 'changed' : 'empty';
  }
  return stage.snapshot.id === next.snapshot?.id ? 'same' : 'differs';
}
