import {
  type MissingVariables,
  STAGE_ACTIONS,
  type StageAction,
  type StagePushers,
  type StageView,
} from '@flowyard/protocol';

interface ActionChoice {
  value: StageAction;
  title: string;
  subtitle: string;
}

const ACTIONS: readonly ActionChoice[] = [
  {
    value: 'create',
    title: 'a new snapshot',
    subtitle: 'taken of what is deployed at the moment of the push',
  },
  { value: 'latest', title: 'its newest snapshot', subtitle: 'whoever took it' },
  { value: 'active', title: 'what it runs', subtitle: 'the snapshot that runs there' },
  { value: 'prompt', title: 'one that is chosen', subtitle: 'you are asked at each push' },
];
const OTHERWISE: Record<StageView['target']['kind'], Partial<Record<StageAction, Partial<ActionChoice>>>> = {
  instance: {},
  device: {
    create: { subtitle: 'taken of what runs at the moment of the push, while the device is online' },
  },
  'device-group': { active: { title: 'its target', subtitle: 'what all of its devices are to run' } },
};

/** What a push from a stage of a kind may take, in the words of the page. */
export function actionChoices(kind: StageView['target']['kind']): ActionChoice[] {
  return ACTIONS.filter(({ value }) => STAGE_ACTIONS[kind].includes(value)).map((choice) => ({
    ...choice,
    ...OTHERWISE[kind][choice.value],
  }));
}

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
