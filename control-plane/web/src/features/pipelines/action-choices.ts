import { STAGE_ACTIONS, type StageAction, type StageView } from '@flowyard/protocol';

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
