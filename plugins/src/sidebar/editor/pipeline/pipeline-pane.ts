import type { PipelineView, StageView } from '@flowyard/protocol';
import { api } from '../api';
import type { CompareSession } from '../compare/session';
import { button, el, icon } from '../dom';
import { editor } from '../node-red';
import { reportError } from '../notices';
import { emptyState, mayWrite, Pane } from '../pane';
import { statusBadge } from '../status-badge';
import type { Store } from '../store';
import { t } from '../translate';
import { deploymentCard } from './deployment-card';
import { dryRunReport } from './dry-run-report';
import { DryRuns } from './dry-runs';
import { isUnderWay } from './offered-actions';
import { pushFrom } from './push-dialog';

const TARGET_ICONS: Record<StageView['target']['kind'], string> = {
  instance: 'cube',
  device: 'microchip',
  'device-group': 'object-group',
};

interface Context {
  store: Store;
  session: CompareSession;
  dryRuns: DryRuns;
  /** The stages whose differences somebody looks at. */
  opened: Set<string>;
}

function isHere(store: Store, { target }: StageView): boolean {
  return target.id === store.seat?.place.id;
}

function whatRuns(stage: StageView): HTMLElement {
  if (stage.snapshot !== null) {
    return el('span', {}, icon('camera'), ' ', stage.snapshot.name);
  }
  const words = stage.target.kind === 'instance' ? 'pipeline.changed' : 'pipeline.nothing';
  return el('span', { class: 'flowyard-quiet' }, t(words));
}

function protection({ pushers, people, approval }: StageView): HTMLElement[] {
  const names = people.map(({ name }) => name).join(', ');
  const words = [
    ...(pushers === 'members' ? [] : [t(`pipeline.pushers.${pushers}`, { names })]),
    ...(approval ? [t('pipeline.withApproval')] : []),
  ];
  return words.map((each) => el('span', { class: 'flowyard-tag' }, icon('lock'), ' ', each));
}

function stageItem({ store }: Context, stage: StageView): HTMLElement {
  const here = isHere(store, stage);
  const { devices } = stage;
  return el(
    'li',
    { class: `flowyard-stage${here ? ' flowyard-here' : ''}`, 'aria-current': here ? 'step' : undefined },
    el(
      'div',
      { class: 'flowyard-row' },
      el('strong', { class: 'flowyard-name' }, stage.name),
      here ? el('span', { class: 'flowyard-tag' }, t('pipeline.here')) : null,
      ...protection(stage),
      stage.status === null ? null : statusBadge(stage.status),
    ),
    el('div', { class: 'flowyard-quiet' }, icon(TARGET_ICONS[stage.target.kind]), ' ', stage.target.name),
    el('div', {}, whatRuns(stage)),
    devices === null ? null : el('div', { class: 'flowyard-quiet' }, t('pipeline.devices', { ...devices })),
  );
}

/** With what this editor can be compared, when one of the two stages is it. */
function otherSide({ store }: Context, from: StageView, to: StageView): StageView | null {
  const other = isHere(store, from) ? to : isHere(store, to) ? from : null;
  return other?.snapshot ? other : null;
}

function compareButton(context: Context, from: StageView, to: StageView): HTMLElement | null {
  const other = otherSide(context, from, to);
  const snapshot = other?.snapshot;
  if (!other || !snapshot) {
    return null;
  }
  const start = async () => {
    const name = `${other.name}: ${snapshot.name}`;
    await context.session.start({ name, read: async () => (await api.readSnapshotFlows(snapshot.id)).flows });
    editor.sidebar.show('flowyard-snapshots');
  };
  return button({
    label: t('pipeline.compare'),
    icon: 'columns',
    key: `compare-${from.id}`,
    onClick: () => void start().catch(reportError),
  });
}

function difference(context: Context, from: StageView, to: StageView): (Node | null)[] {
  const known = context.dryRuns.get(from, to);
  if ('isLoading' in known) {
    return [el('p', { class: 'flowyard-quiet' }, t('loading'))];
  }
  const what =
    'error' in known ? el('p', { class: 'flowyard-problem' }, known.error) : dryRunReport(known.report);
  return [what, compareButton(context, from, to)];
}

/** What differs between two stages; looked at only when it is opened, since finding out is work for the control plane. */
function differenceDetails(context: Context, from: StageView, to: StageView): HTMLElement {
  const isSame = from.snapshot !== null && from.snapshot.id === to.snapshot?.id;
  const isOpen = context.opened.has(from.id);
  const details = el(
    'details',
    { class: 'flowyard-difference', open: isOpen },
    el('summary', { 'data-key': `differs-${from.id}` }, t(isSame ? 'pipeline.same' : 'pipeline.differs')),
    ...(isOpen ? difference(context, from, to) : []),
  );
  details.addEventListener('toggle', () => {
    if (details.open === context.opened.has(from.id)) {
      return;
    }
    if (details.open) {
      context.opened.add(from.id);
      details.append(...difference(context, from, to).filter((part) => part !== null));
    } else {
      context.opened.delete(from.id);
      details.replaceChildren(...[...details.children].slice(0, 1));
    }
  });
  return details;
}

function step(context: Context, pipeline: PipelineView, from: StageView, to: StageView): HTMLElement {
  const push = button({
    label: t('pipeline.push'),
    icon: 'share',
    key: `push-${from.id}`,
    description: t('pipeline.pushFromTo', { from: from.name, to: to.name }),
    disabled: isUnderWay(pipeline.lastDeployment),
    onClick: () => void pushFrom(from, to).catch(reportError),
  });
  return el(
    'li',
    { class: 'flowyard-step' },
    icon('long-arrow-down'),
    differenceDetails(context, from, to),
    mayWrite() ? push : null,
  );
}

function pipelineSection(context: Context, pipeline: PipelineView): Node[] {
  const stages = [...pipeline.stages].sort((a, b) => a.position - b.position);
  const items = stages.flatMap((stage, index) => {
    const next = stages[index + 1];
    return [stageItem(context, stage), ...(next === undefined ? [] : [step(context, pipeline, stage, next)])];
  });
  return [
    el('h3', { class: 'flowyard-section' }, pipeline.name),
    ...(pipeline.lastDeployment === null ? [] : [deploymentCard(context.store, pipeline.lastDeployment)]),
    el('ol', { class: 'flowyard-stages' }, ...items),
  ];
}

/** The tab "Pipeline": the stages around this instance, what runs in each, how they differ, and the way to the next. */
export function pipelinePane(store: Store, session: CompareSession): Pane {
  const context: Context = {
    store,
    session,
    dryRuns: new DryRuns(() => pane.draw()),
    opened: new Set(),
  };
  editor.events.on('deploy', () => context.dryRuns.forget());
  const render = (): Node[] => {
    if (store.pipelines.length === 0) {
      return emptyState('code-fork', t('pipeline.emptyTitle'), t('pipeline.emptyText'));
    }
    return store.pipelines.flatMap((pipeline) => pipelineSection(context, pipeline));
  };
  const pane = new Pane(store, { part: 'pipelines', render });
  return pane;
}
