import type { StageAction, StageView } from '@flowyard/protocol';

/** What a push from a stage takes, in the words of the page. */
export const ACTION_CHOICES: ReadonlyArray<{ value: StageAction; title: string; subtitle: string }> = [
  {
    value: 'create',
    title: 'a new snapshot',
    subtitle: 'taken of what is deployed at the moment of the push',
  },
  { value: 'latest', title: 'its newest snapshot', subtitle: 'whoever took it' },
  { value: 'active', title: 'what it runs', subtitle: 'the snapshot that runs there' },
  { value: 'prompt', title: 'one that is chosen', subtitle: 'you are asked at each push' },
];

export const TARGET_KINDS: Readonly<Record<StageView['target']['kind'], string>> = {
  instance: 'Hosted instance',
  device: 'Device',
  'device-group': 'Device group',
};

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
