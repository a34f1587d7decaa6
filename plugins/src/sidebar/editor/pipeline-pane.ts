import type { DeploymentView, PipelineView, StageView } from '@flowyard/protocol';
import { button, el, icon } from './dom';
import { emptyState, mayWrite, Pane } from './pane';
import { pushFrom } from './push';
import { deploymentBadge, statusBadge } from './status-badge';
import type { Store } from './store';
import { time } from './times';
import { t } from './translate';

const TARGET_ICONS: Record<StageView['target']['kind'], string> = {
  instance: 'cube',
  device: 'microchip',
  'device-group': 'object-group',
};

/** The states in which nothing else can be pushed. */
const UNDER_WAY: ReadonlySet<string> = new Set(['planned', 'waiting', 'running', 'paused', 'halted']);

function isUnderWay(deployment: DeploymentView | null): boolean {
  return deployment !== null && UNDER_WAY.has(deployment.state);
}

function whatRuns(stage: StageView): HTMLElement {
  if (stage.snapshot !== null) {
    return el('span', {}, icon('camera'), ' ', stage.snapshot.name);
  }
  return el(
    'span',
    { class: 'flowyard-quiet' },
    t(stage.target.kind === 'instance' ? 'pipeline.changed' : 'pipeline.nothing'),
  );
}

function stageItem(store: Store, stage: StageView): HTMLElement {
  const isHere = stage.target.id === store.seat?.place.id;
  const { devices } = stage;
  return el(
    'li',
    { class: `flowyard-stage${isHere ? ' flowyard-here' : ''}`, 'aria-current': isHere ? 'step' : undefined },
    el(
      'div',
      { class: 'flowyard-row' },
      el('strong', { class: 'flowyard-name' }, stage.name),
      isHere ? el('span', { class: 'flowyard-tag' }, t('pipeline.here')) : null,
      stage.protected
        ? el('span', { class: 'flowyard-tag' }, icon('lock'), ' ', t('pipeline.protected'))
        : null,
      stage.status === null ? null : statusBadge(stage.status),
    ),
    el('div', { class: 'flowyard-quiet' }, icon(TARGET_ICONS[stage.target.kind]), ' ', stage.target.name),
    el('div', {}, whatRuns(stage)),
    devices === null ? null : el('div', { class: 'flowyard-quiet' }, t('pipeline.devices', { ...devices })),
  );
}

function step(pipeline: PipelineView, from: StageView, to: StageView): HTMLElement {
  const isSame = from.snapshot !== null && from.snapshot.id === to.snapshot?.id;
  return el(
    'li',
    { class: 'flowyard-step' },
    icon('long-arrow-down'),
    el('span', { class: 'flowyard-quiet' }, t(isSame ? 'pipeline.same' : 'pipeline.differs')),
    button({
      label: t('pipeline.push'),
      icon: 'share',
      key: `push-${from.id}`,
      description: t('pipeline.pushFromTo', { from: from.name, to: to.name }),
      disabled: !mayWrite() || isUnderWay(pipeline.lastDeployment),
      onClick: () => void pushFrom(from, to),
    }),
  );
}

function failures(deployment: DeploymentView): HTMLElement | null {
  const failed = deployment.targets.filter(({ state }) => state === 'failed');
  if (failed.length === 0) {
    return null;
  }
  const items = failed.map(({ name, reason }) =>
    el('li', {}, el('strong', {}, name), ': ', reason?.split('\n')[0] ?? ''),
  );
  return el('ul', { class: 'flowyard-failures' }, ...items);
}

/** The last push: how far it is, or how it ended. */
function deploymentItem(deployment: DeploymentView): HTMLElement {
  const { counts, from, to, snapshot } = deployment;
  const done = counts.total - counts.waiting - counts.updating;
  const words = t('pipeline.progress', { done, total: counts.total });
  return el(
    'div',
    { class: 'flowyard-deployment', role: 'status' },
    el(
      'div',
      { class: 'flowyard-row' },
      deploymentBadge(deployment.state),
      el('span', {}, t('pipeline.deployment', { snapshot: snapshot.name, from: from.name, to: to.name })),
    ),
    isUnderWay(deployment)
      ? el(
          'div',
          { class: 'flowyard-row' },
          el('progress', { max: Math.max(1, counts.total), value: done, 'aria-label': words }),
          words,
        )
      : null,
    deployment.message === null ? null : el('div', { class: 'flowyard-text' }, deployment.message),
    failures(deployment),
    el(
      'div',
      { class: 'flowyard-row flowyard-quiet' },
      el('span', {}, deployment.author),
      time(deployment.finishedAt ?? deployment.createdAt),
    ),
  );
}

function pipelineSection(store: Store, pipeline: PipelineView): Node[] {
  const stages = [...pipeline.stages].sort((a, b) => a.position - b.position);
  const items = stages.flatMap((stage, index) => {
    const next = stages[index + 1];
    return [stageItem(store, stage), ...(next === undefined ? [] : [step(pipeline, stage, next)])];
  });
  return [
    el('h3', { class: 'flowyard-section' }, pipeline.name),
    ...(pipeline.lastDeployment === null ? [] : [deploymentItem(pipeline.lastDeployment)]),
    el('ol', { class: 'flowyard-stages' }, ...items),
  ];
}

/** The tab "Pipeline": the stages around this instance, what runs in each, and the way to the next. */
export function pipelinePane(store: Store): Pane {
  const render = (): Node[] => {
    if (store.pipelines.length === 0) {
      return emptyState('code-fork', t('pipeline.emptyTitle'), t('pipeline.emptyText'));
    }
    return store.pipelines.flatMap((pipeline) => pipelineSection(store, pipeline));
  };
  return new Pane(store, { part: 'pipelines', render });
}
