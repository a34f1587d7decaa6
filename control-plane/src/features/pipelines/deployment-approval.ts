import type { Actor } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { conflict, forbidden, notFound } from '../../errors.ts';
import type { NotificationService } from '../notifications/notification-service.ts';
import { recordDeployment } from './deployment-records.ts';
import type { DeploymentRow } from './deployment-row.ts';
import type { StageRights } from './stage-rights.ts';

interface Parts {
  db: Database;
  rights: StageRights;
  notifications: NotificationService;
  /** Told of a deployment that is to be carried on. */
  advance: (deploymentId: string) => void;
}

/** Pushes that wait for a second person: one who may push there, too, and did not ask for it. */
export class DeploymentApproval {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async approve(actor: Actor, id: string): Promise<void> {
    await this.#decide(actor, id, async (tx, deployment, person) => {
      const now = new Date().toISOString();
      await tx.stores.deployments.setApprover(id, person, now);
      await tx.stores.deployments.advance(deployment, { ...deployment, state: 'waiting' });
      await tx.stores.deploymentTargets.addSteps(id, [`${person.name} approved it.`]);
      await recordDeployment(tx, actor, 'deployment.approved', deployment);
    });
    this.#parts.advance(id);
  }

  /** The push ends, and nothing was changed. */
  async decline(actor: Actor, id: string, reason: string): Promise<void> {
    await this.#decide(actor, id, async (tx, deployment, person) => {
      const message = `Declined by ${person.name}${reason === '' ? '.' : `: ${reason}`}`;
      const targets = await tx.stores.deploymentTargets.of(id);
      await tx.stores.deploymentTargets.set(
        id,
        targets.map(({ targetId }) => ({
          targetId,
          state: 'skipped' as const,
          reason: 'The push was declined.',
        })),
      );
      await tx.stores.deployments.advance(deployment, {
        ...deployment,
        state: 'aborted',
        message,
        finishedAt: new Date().toISOString(),
      });
      await tx.stores.deploymentTargets.addSteps(id, [message]);
      await recordDeployment(tx, actor, 'deployment.declined', deployment, { reason });
    });
  }

  async #decide(
    actor: Actor,
    id: string,
    work: (tx: Transaction, deployment: DeploymentRow, person: { id: string; name: string }) => Promise<void>,
  ): Promise<void> {
    const { db, rights, notifications } = this.#parts;
    const person = await this.#secondPerson(actor, await this.#require(id), rights);
    await db.transact(async (tx) => {
      await tx.stores.deployments.lock(id);
      const deployment = await tx.stores.deployments.find(id);
      if (deployment?.state !== 'planned') {
        throw conflict('not_planned', 'This push does not wait for approval any more.');
      }
      await work(tx, deployment, person);
      await notifications.resolve(tx, id, ['deployment.approval']);
    });
  }

  async #secondPerson(actor: Actor, deployment: DeploymentRow, rights: StageRights) {
    const stage = await this.#parts.db.stores.pipelines.findStage(deployment.toStageId);
    if (stage === null) {
      throw conflict('gone', 'The stage of this push was deleted: abort the push.');
    }
    await rights.requireInto(actor, stage);
    if (actor.kind !== 'user' || actor.userId === deployment.authorId) {
      throw forbidden(
        `${deployment.author} asked for this push, so somebody else has to decide: anybody who may push to ${stage.name}.`,
      );
    }
    return { id: actor.userId, name: actor.username };
  }

  async #require(id: string): Promise<DeploymentRow> {
    const deployment = await this.#parts.db.stores.deployments.find(id);
    if (deployment === null) {
      throw notFound('deployment');
    }
    return deployment;
  }
}
