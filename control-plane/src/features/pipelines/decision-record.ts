import { SYSTEM } from '../../access/actor.ts';
import type { Transaction } from '../../db/database.ts';
import type { NotificationService } from '../notifications/notification-service.ts';
import { announceDeployment, notifyOf, recordDeployment } from './deployment-records.ts';
import type { DeploymentRow } from './deployment-row.ts';
import type { Decision } from './rollout-decision.ts';

const END_WORDS = {
  succeeded: 'It succeeded.',
  failed: 'It failed.',
  'rolled-back': 'It was rolled back.',
} as const;

/** Writes down what was decided: steps for whoever follows the deployment, the audit log, and notifications. */
export async function recordDecision(
  tx: Transaction,
  notifications: NotificationService,
  deployment: DeploymentRow,
  { run, steps, turnsBack }: Decision,
): Promise<void> {
  const { state, message } = run;
  const ends = state === 'succeeded' || state === 'failed' || state === 'rolled-back';
  const end = ends ? [message === null ? END_WORDS[state] : `${END_WORDS[state]} ${message}`] : [];
  await tx.stores.deploymentTargets.addSteps(deployment.id, [...steps, ...end]);
  if (turnsBack) {
    await recordDeployment(tx, SYSTEM, 'deployment.returning', deployment, { message });
  }
  const halts = turnsBack || (state === 'halted' && deployment.state !== 'halted');
  if (halts) {
    await recordDeployment(tx, SYSTEM, 'deployment.halted', deployment, { message });
    await notifyOf(tx, notifications, 'deployment.halted', deployment, message);
  }
  if (ends) {
    await recordDeployment(tx, SYSTEM, `deployment.${state}`, deployment, { message });
  }
  if (state === 'failed') {
    await notifyOf(tx, notifications, 'deployment.failed', deployment, message);
  }
  announceDeployment(tx, deployment);
}
