import type { DryRunView, SnapshotView, StageView } from '@flowyard/protocol';
import { api } from '../api';
import { field, openForm, tick } from '../dialog';
import { el } from '../dom';
import { reportDone, reportError } from '../notices';
import { exactTime } from '../times';
import { t } from '../translate';
import { dryRunReport, lacksVariables } from './dry-run-report';

/** What will be pushed, in a sentence. */
function explain(from: StageView): string {
  const snapshot = from.snapshot?.name ?? t('pipeline.nothing');
  return t(`push.${from.action}`, { from: from.name, snapshot });
}

/** What may be chosen for a push from a stage that asks. */
async function snapshotsOf({ target }: StageView): Promise<SnapshotView[]> {
  if (target.kind !== 'device-group') {
    return (await api.listSnapshots({ kind: target.kind, id: target.id }, null)).items;
  }
  return target.applicationId === null ? [] : (await api.listSnapshotsOf(target.applicationId)).items;
}

function optionOf({ id, name, createdAt, owner }: SnapshotView): HTMLElement {
  return el('option', { value: id }, `${name} (${owner.name}, ${exactTime(createdAt)})`);
}

/** Shows what the push would do, and pushes. Refused pushes cannot be made, and say why. */
export async function pushFrom(from: StageView, to: StageView): Promise<void> {
  const snapshots = from.action === 'prompt' ? await snapshotsOf(from) : [];
  if (from.action === 'prompt' && snapshots.length === 0) {
    reportError(new Error(t('push.noSnapshots', { from: from.name })));
    return;
  }
  const choice = el('select', {}, ...snapshots.map(optionOf));
  const report = el('div', { 'aria-live': 'polite' });
  const accept = tick(t('push.accept'), false);
  accept.row.hidden = true;
  let found: DryRunView | null = null;
  const chosen = () => (from.action === 'prompt' ? choice.value : null);
  const draw = () => {
    accept.row.hidden = found === null || !lacksVariables(found);
    const refusal = found?.refusals[0]?.message;
    const isWaiting = !accept.row.hidden && !accept.input.checked;
    dialog.setBlocked(
      found === null ? t('push.looking') : (refusal ?? (isWaiting ? t('push.acceptFirst') : null)),
    );
  };
  const look = async () => {
    const snapshotId = chosen();
    found = null;
    report.replaceChildren(el('p', { class: 'flowyard-quiet' }, t('push.looking')));
    draw();
    try {
      const answer = await api.dryRun(from.id, snapshotId);
      if (snapshotId !== chosen()) {
        return;
      }
      found = answer;
      report.replaceChildren(dryRunReport(answer));
    } catch (error) {
      report.replaceChildren(el('p', { class: 'flowyard-problem', role: 'alert' }, (error as Error).message));
    }
    draw();
  };
  const undeployed = from.action === 'create' && RED.nodes.dirty() ? [t('snapshots.undeployed')] : [];
  const hints = [
    t('push.keeps', { to: to.name }),
    ...(to.approval ? [t('push.approval', { to: to.name })] : []),
  ];
  const dialog = openForm({
    title: t('pipeline.pushFromTo', { from: from.name, to: to.name }),
    width: 560,
    content: [
      el('p', {}, explain(from)),
      ...(from.action === 'prompt' ? [field(t('push.snapshot'), choice)] : []),
      ...undeployed.map((words) => el('p', {}, el('strong', {}, words))),
      report,
      accept.row,
      ...hints.map((words) => el('p', { class: 'flowyard-hint' }, words)),
    ],
    action: t(to.approval ? 'push.ask' : 'pipeline.push'),
    onSubmit: async () => {
      await api.push(from.id, chosen());
      // The pipeline itself, with its progress, arrives as a change.
      reportDone(t(to.approval ? 'push.asked' : 'push.begun', { from: from.name, to: to.name }));
    },
  });
  choice.addEventListener('change', () => void look());
  accept.input.addEventListener('change', draw);
  await look();
}
