import type { AuditEventName } from '@flowyard/protocol';
import { type Actor, auditActor } from '../../access/actor.ts';
import type { Transaction } from '../../db/database.ts';
import type { NotificationService } from '../notifications/notification-service.ts';
import type { DeploymentRow } from './deployment-row.ts';

/** Whoever asked for a deployment, as the one who changes what it changes. */
export function authorOf(deployment: DeploymentRow): Actor {
  return {
    kind: 'user',
    userId: deployment.authorId,
    username: deployment.author,
    name: deployment.author,
    admin: false,
    via: 'page',
    sessionId: null,
    onlyTeamId: null,
    onlyApplicationId: null,
    readOnly: false,
  };
}

function subjectOf({ id, fromName, toName }: DeploymentRow) {
  return { kind: 'deployment' as const, id, name: `${fromName} to ${toName}` };
}

/** Tells all that look at it that a deployment has changed. */
export function announceDeployment(
  tx: Transaction,
  { id, pipelineId, teamId, applicationId }: DeploymentRow,
): void {
  tx.announce({ kind: 'deployment', id, teamId, applicationId });
  tx.announce({ kind: 'pipeline', id: pipelineId, teamId, applicationId });
}

/** Writes down what became of a deployment or was done to it. */
export async function recordDeployment(
  tx: Transaction,
  actor: Actor,
  event: AuditEventName,
  deployment: DeploymentRow,
  details: Record<string, unknown> = {},
): Promise<void> {
  const { teamId, applicationId, pipelineId, snapshotName } = deployment;
  await tx.audit({
    event,
    actor: auditActor(actor),
    teamId,
    applicationId,
    subject: subjectOf(deployment),
    details: { snapshot: snapshotName, pipelineId, ...details },
  });
  announceDeployment(tx, deployment);
}

const NOTICES = {
  'deployment.failed': (snapshot: string) => `“${snapshot}” did not reach all its targets.`,
  'deployment.halted': (snapshot: string) =>
    `The push of “${snapshot}” has stopped. Decide on its page how it goes on.`,
  'deployment.approval': (snapshot: string) => `The push of “${snapshot}” waits for approval.`,
} as const;

export async function notifyOf(
  tx: Transaction,
  notifications: NotificationService,
  kind: keyof typeof NOTICES,
  deployment: DeploymentRow,
  message: string | null,
): Promise<void> {
  const { teamId, applicationId, snapshotName } = deployment;
  await notifications.raise(tx, {
    kind,
    teamId,
    applicationId,
    subject: subjectOf(deployment),
    text: `${NOTICES[kind](snapshotName)}\n${message ?? ''}`.trim(),
  });
}
