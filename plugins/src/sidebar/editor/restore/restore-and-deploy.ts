import type { SnapshotView } from '@flowyard/protocol';
import { compareFlows } from '@flowyard/protocol/compare-flows';
import { comparable } from '../compare/comparable';
import { countWords } from '../compare/words';
import { confirmAction, explain } from '../confirm';
import { editor } from '../node-red';
import { reportDone, reportError } from '../notices';
import { mayWrite } from '../pane';
import type { Store } from '../store';
import { t } from '../translate';
import { type DeployOutcome, deployNow } from './deploy';
import { lookAhead } from './look-ahead';
import { named } from './names';
import { nodeTypes } from './node-types';
import { type Flows, putIntoWorkspace, readFlows, undeployed } from './restore';
import { staysBehind } from './stays-behind';

const READ_LONG_MS = 8000;

/**
 * Whether flows can go straight to this runtime by the editor: for those who may deploy, on a device and in a Node-RED that
 * Flowyard does not run. A hosted instance is rolled back by Flowyard, with all that is in a snapshot.
 */
export function isDeployedByEditor({ seat }: Store): boolean {
  const isHosted = seat === null || (seat.isHome && seat.place.kind === 'instance');
  return !isHosted && mayWrite() && RED.user.hasPermission('flows.write');
}

/** Asks, says what will be, puts the flows of a snapshot into the editor and deploys them at once. */
export async function restoreAndDeploy(store: Store, snapshot: SnapshotView): Promise<void> {
  const { name } = snapshot;
  const [read, behind] = await Promise.all([readFlows(snapshot), staysBehind(store, snapshot)]);
  const difference = compareFlows(comparable(read.deployed), comparable(read.flows));
  if (difference.flows.length === 0) {
    const words = editor.nodes.dirty() ? 'restore.runsAlreadyUndeployed' : 'restore.runsAlready';
    reportDone(t(words, { name }), READ_LONG_MS);
    return;
  }
  const { missingTypes, withoutCredentials, losingCredentials } = lookAhead(
    read.flows,
    read.deployed,
    nodeTypes,
  );
  if (missingTypes.length > 0) {
    explain({
      title: t('restore.cannotDeployTitle', { name }),
      content: [...named(t('restore.cannotDeploy'), missingTypes), t('restore.cannotDeployInstead')],
    });
    return;
  }
  confirmAction({
    title: t('restore.deployTitle', { name }),
    content: [
      t('restore.deployText', { changes: countWords(difference.counts).join(', ') }),
      ...undeployed(t('restore.deployUndeployed')),
      t('restore.deployUndo'),
      t('restore.credentials'),
      ...named(t('restore.withoutCredentials'), withoutCredentials),
      ...named(t('restore.losingCredentials'), losingCredentials),
      ...(behind === null ? [] : [behind]),
    ],
    action: t('restore.deployAction'),
    onConfirm: () => void deploy(snapshot, read).catch(reportError),
  });
}

async function deploy({ name }: SnapshotView, read: Flows): Promise<void> {
  putIntoWorkspace(read);
  const outcome = await deployNow();
  if (outcome.state === 'deployed') {
    reportDone(t('restore.deployed', { name }), READ_LONG_MS);
  } else {
    throw new Error(`${reasonOf(outcome)} ${t('restore.inWorkspace', { name })}`);
  }
}

function reasonOf(outcome: DeployOutcome): string {
  return outcome.state === 'failed'
    ? t('restore.notDeployed.failed', { message: outcome.message })
    : t(`restore.notDeployed.${outcome.state}`);
}
