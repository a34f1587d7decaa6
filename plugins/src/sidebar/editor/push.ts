import type { SnapshotView, StageView } from '@flowyard/protocol';
import { api } from './api';
import { confirmAction } from './confirm';
import { el } from './dom';
import { reportDone, reportError } from './pane';
import { t } from './translate';

/** What will be pushed, in a sentence; for a stage that asks, with the choice. */
function explain(from: StageView): string {
  switch (from.action) {
    case 'create':
      return t('push.create', { from: from.name });
    case 'latest':
      return t('push.latest', { from: from.name });
    case 'active':
      return t('push.active', { from: from.name, snapshot: from.snapshot?.name ?? t('pipeline.nothing') });
    case 'prompt':
      return t('push.prompt', { from: from.name });
  }
}

/** What may be chosen for a push from a stage that asks. */
async function snapshotsOf({ target }: StageView): Promise<SnapshotView[]> {
  if (target.applicationId === null) {
    return [];
  }
  const { items } = await api.listSnapshotsOf(target.applicationId);
  return items.filter(({ owner }) => owner.id === target.id);
}

function chooser(snapshots: readonly SnapshotView[]): HTMLSelectElement {
  const options = snapshots.map(({ id, name }) => el('option', { value: id }, name));
  return el('select', { 'aria-label': t('push.snapshot') }, ...options);
}

function push(from: StageView, to: StageView, snapshotId: string | null): void {
  api.push(from.id, snapshotId).then(
    // The pipeline itself, with its progress, arrives as a change.
    () => reportDone(t('push.begun', { from: from.name, to: to.name })),
    reportError,
  );
}

/** Asks and then pushes what is in one stage to the next. */
export async function pushFrom(from: StageView, to: StageView): Promise<void> {
  try {
    const isAsking = from.action === 'prompt';
    const snapshots = isAsking ? await snapshotsOf(from) : [];
    if (isAsking && snapshots.length === 0) {
      reportError(new Error(t('push.noSnapshots', { from: from.name })));
      return;
    }
    const choice = isAsking ? chooser(snapshots) : null;
    const undeployed = from.action === 'create' && RED.nodes.dirty() ? [t('snapshots.undeployed')] : [];
    const devices = to.devices === null ? [] : [t('push.devices', { count: to.devices.total })];
    confirmAction({
      title: t('pipeline.pushFromTo', { from: from.name, to: to.name }),
      content: [
        explain(from),
        ...(choice === null ? [] : [choice]),
        ...undeployed,
        ...devices,
        t('push.keeps', { to: to.name }),
      ],
      action: t('pipeline.push'),
      onConfirm: () => push(from, to, choice === null ? null : choice.value),
    });
  } catch (error) {
    reportError(error);
  }
}
