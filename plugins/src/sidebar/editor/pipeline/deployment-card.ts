import type { DeploymentView, WaveView } from '@flowyard/protocol';
import { api } from '../api';
import { confirmAction } from '../confirm';
import { field, openForm } from '../dialog';
import { button, el, icon } from '../dom';
import { editor } from '../node-red';
import { reportDone, reportError } from '../notices';
import { mayWrite } from '../pane';
import { deploymentBadge } from '../status-badge';
import type { Store } from '../store';
import { exactTime, time } from '../times';
import { t } from '../translate';
import { isUnderWay, type OfferedAction, offeredActions } from './offered-actions';

const ACTION_ICONS: Record<OfferedAction, string> = {
  pause: 'pause',
  resume: 'play',
  abort: 'ban',
  rollback: 'undo',
};
const MOST_FAILURES = 10;

function failures({ targets, counts }: DeploymentView): HTMLElement | null {
  const failed = targets.filter(({ state }) => state === 'failed').slice(0, MOST_FAILURES);
  if (failed.length === 0) {
    return null;
  }
  const items = failed.map(({ name, reason }) =>
    el('li', {}, el('strong', {}, name), ': ', reason?.split('\n')[0] ?? ''),
  );
  const left = counts.failed - failed.length;
  const more = left > 0 ? el('li', { class: 'flowyard-quiet' }, t('restore.more', { count: left })) : null;
  return el('ul', { class: 'flowyard-failures' }, ...items, more);
}

function throughOf({ total, waiting, updating }: WaveView['counts']): number {
  return total - waiting - updating;
}

function bar(counts: WaveView['counts'], words: string): HTMLElement {
  const done = throughOf(counts);
  return el('progress', { max: Math.max(1, counts.total), value: done, 'aria-label': words });
}

/** How far each wave is; with one there is nothing to tell apart. */
function waves(deployment: DeploymentView): HTMLElement {
  const { waves: all, counts } = deployment;
  const words = t('pipeline.progress', { done: throughOf(counts), total: counts.total });
  if (all.length < 2) {
    return el('div', { class: 'flowyard-row' }, bar(counts, words), words);
  }
  const items = all.map((wave, index) => {
    const done = throughOf(wave.counts);
    const name = t('pipeline.wave', { number: index + 1, done, total: wave.counts.total });
    const state =
      wave.state === 'checking' && wave.checkedUntil !== null
        ? t('pipeline.checking', { until: exactTime(wave.checkedUntil) })
        : t(`pipeline.waveState.${wave.state}`);
    return el(
      'li',
      { class: 'flowyard-wave', 'aria-current': index === deployment.wave ? 'step' : undefined },
      el('span', {}, name),
      bar(wave.counts, name),
      el('span', { class: 'flowyard-quiet' }, state),
      wave.counts.failed > 0
        ? el(
            'span',
            { class: 'flowyard-bad' },
            icon('times-circle'),
            ' ',
            t('pipeline.failed', { count: wave.counts.failed }),
          )
        : null,
    );
  });
  return el(
    'div',
    {},
    el('div', { class: 'flowyard-row' }, bar(counts, words), words),
    el('ol', { class: 'flowyard-waves' }, ...items),
  );
}

function act(store: Store, { id, to }: DeploymentView, action: OfferedAction): void {
  confirmAction({
    title: t(`deploymentAction.${action}.title`, { to: to.name }),
    content: [t(`deploymentAction.${action}.text`, { to: to.name })],
    action: t(`deploymentAction.${action}.action`),
    onConfirm: () => {
      api.controlDeployment(id, { action }).then((value) => tell(store, value), reportError);
    },
  });
}

function tell(store: Store, value: DeploymentView): void {
  store.apply({ seat: store.seat?.id ?? '', kind: 'deployment', id: value.id, value });
}

function decline(store: Store, deployment: DeploymentView): void {
  const reason = el('input', { type: 'text', maxlength: 500 });
  openForm({
    title: t('approval.declineTitle'),
    content: [
      el('p', {}, t('approval.declineText', { author: deployment.author })),
      field(t('approval.reason'), reason),
    ],
    action: t('approval.decline'),
    onSubmit: async () => {
      const why = reason.value.trim();
      tell(
        store,
        await api.decideDeployment(deployment.id, { approve: false, ...(why !== '' && { reason: why }) }),
      );
    },
  });
}

function approve(store: Store, deployment: DeploymentView): void {
  confirmAction({
    title: t('approval.approveTitle', { snapshot: deployment.snapshot.name, to: deployment.to.name }),
    content: [t('approval.approveText')],
    action: t('approval.approve'),
    onConfirm: () => {
      api.decideDeployment(deployment.id, { approve: true }).then((value) => {
        tell(store, value);
        reportDone(t('approval.approved'));
      }, reportError);
    },
  });
}

/** A push that waits for a second person, with what that person can do. */
function approval(store: Store, deployment: DeploymentView): HTMLElement | null {
  if (deployment.state !== 'planned') {
    return null;
  }
  const isOwn = editor.settings.user?.username === deployment.author;
  const canDecide = !isOwn && mayWrite();
  return el(
    'div',
    {},
    el(
      'p',
      {},
      icon('user-plus'),
      ' ',
      t(isOwn ? 'approval.own' : 'approval.asked', { author: deployment.author }),
    ),
    canDecide
      ? el(
          'div',
          { class: 'flowyard-buttons' },
          button({
            label: t('approval.decline'),
            key: `decline-${deployment.id}`,
            onClick: () => decline(store, deployment),
          }),
          button({
            label: t('approval.approve'),
            primary: true,
            key: `approve-${deployment.id}`,
            onClick: () => approve(store, deployment),
          }),
        )
      : null,
  );
}

function actions(store: Store, deployment: DeploymentView): HTMLElement | null {
  const offered = mayWrite() ? offeredActions(deployment) : [];
  if (offered.length === 0) {
    return null;
  }
  const buttons = offered.map((action) =>
    button({
      label: t(`deploymentAction.${action}.action`),
      icon: ACTION_ICONS[action],
      key: `${action}-${deployment.id}`,
      onClick: () => act(store, deployment, action),
    }),
  );
  return el('div', { class: 'flowyard-row flowyard-start' }, ...buttons);
}

/** The last push: how far it is, or how it ended, and what can be done about it. */
export function deploymentCard(store: Store, deployment: DeploymentView): HTMLElement {
  const { from, to, snapshot } = deployment;
  return el(
    'div',
    { class: 'flowyard-deployment', role: 'group', 'aria-label': t('pipeline.lastPush') },
    el(
      'div',
      { class: 'flowyard-row', role: 'status' },
      deploymentBadge(deployment.state),
      el('span', {}, t('pipeline.deployment', { snapshot: snapshot.name, from: from.name, to: to.name })),
    ),
    isUnderWay(deployment) && deployment.state !== 'planned' ? waves(deployment) : null,
    deployment.waitsUntil === null
      ? null
      : el('div', {}, t('pipeline.waitsUntil', { until: exactTime(deployment.waitsUntil) })),
    deployment.message === null ? null : el('div', { class: 'flowyard-text' }, deployment.message),
    approval(store, deployment),
    failures(deployment),
    actions(store, deployment),
    el(
      'div',
      { class: 'flowyard-quiet flowyard-meta' },
      el('span', {}, deployment.author),
      ' ',
      time(deployment.finishedAt ?? deployment.createdAt),
      ...(deployment.approval === null
        ? []
        : [' ', el('span', {}, t('approval.by', { name: deployment.approval.name }))]),
    ),
  );
}
