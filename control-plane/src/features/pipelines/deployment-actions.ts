import type { AuditEventName, DeploymentTargetState, FailureBudget } from '@flowyard/protocol';
import { type Actor, auditActor } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { conflict, notFound } from '../../errors.ts';
import { recordDeployment } from './deployment-records.ts';
import type { DeploymentRow } from './deployment-row.ts';
import type { DeploymentTargetRow } from './deployment-target-store.ts';
import type { DeploymentTargets } from './deployment-targets.ts';
import { readPush } from './push.ts';
import { type RunTarget, turnBack } from './rollout-decision.ts';
import { runOf } from './rollout-run.ts';

const WHEN_ABORTED: Partial<Record<DeploymentTargetState, string>> = {
  waiting: 'The deployment was aborted before its turn came.',
  updating: 'The deployment was aborted while it was under way; it still moves to its target.',
};

interface Parts {
  db: Database;
  targets: DeploymentTargets;
  /** Told of a deployment that is to be carried on. */
  advance: (deploymentId: string) => void;
}

type Change = Partial<
  Pick<DeploymentRow, 'state' | 'message' | 'forgiven' | 'policy' | 'returning' | 'waveDoneAt' | 'finishedAt'>
>;

/** What people do to a deployment that is there. */
export class DeploymentActions {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** No further target is told; those that were told finish. */
  pause(actor: Actor, id: string): Promise<void> {
    return this.#change(id, async (tx, deployment) => {
      if (deployment.returning || !['waiting', 'running'].includes(deployment.state)) {
        throw conflict('not_running', `This deployment is ${deployment.state}: there is nothing to pause.`);
      }
      await this.#advance(tx, actor, deployment, 'deployment.paused', { state: 'paused' });
    });
  }

  /** Goes on with the rest. Failures until now do not count any more, unless another budget is named. */
  resume(actor: Actor, id: string, failureBudget: FailureBudget | null | undefined): Promise<void> {
    return this.#change(id, async (tx, deployment) => {
      if (deployment.state !== 'paused' && deployment.state !== 'halted') {
        throw conflict('not_paused', `This deployment is ${deployment.state}: there is nothing to resume.`);
      }
      const targets = await tx.stores.deploymentTargets.of(id);
      const failed = targets.filter(({ state }) => state === 'failed').length;
      const raised = failureBudget !== undefined;
      await this.#advance(tx, actor, deployment, 'deployment.resumed', {
        state: 'running',
        message: null,
        forgiven: raised ? 0 : deployment.state === 'halted' ? failed : deployment.forgiven,
        policy: raised ? { ...deployment.policy, failureBudget } : deployment.policy,
      });
    });
  }

  /** Targets that were not told yet stay as they are; those that were told finish by themselves. */
  abort(actor: Actor, id: string): Promise<void> {
    return this.#change(id, async (tx, deployment) => {
      if (deployment.finishedAt !== null) {
        throw conflict('finished', 'This deployment has ended already.');
      }
      const message = `Aborted by ${auditActor(actor).name}.`;
      const finishedAt = new Date().toISOString();
      const targets = await tx.stores.deploymentTargets.of(id);
      await tx.stores.deploymentTargets.set(
        id,
        targets.flatMap(({ targetId, state }) => {
          const reason = WHEN_ABORTED[state];
          return reason === undefined ? [] : [{ targetId, state: 'skipped' as const, reason }];
        }),
      );
      await this.#advance(tx, actor, deployment, 'deployment.aborted', {
        state: 'aborted',
        message,
        finishedAt,
      });
    });
  }

  /** All that were told go back to what was wanted there before. */
  rollBack(actor: Actor, id: string): Promise<void> {
    return this.#change(id, async (tx, deployment) => {
      const targets = await tx.stores.deploymentTargets.of(id);
      refuseReturn(deployment, targets);
      const push = await readPush(tx.stores, deployment);
      const newest = push && (await tx.stores.deployments.newestInto(push.place));
      if (push === null || newest?.id !== id) {
        throw conflict('replaced', 'Something else was pushed there since: roll that one back first.');
      }
      await this.#parts.targets.turnBack(tx, push, targets);
      await this.#turnBackTargets(tx, deployment, targets);
      await this.#advance(tx, actor, deployment, 'deployment.returning', {
        state: 'running',
        message: `Rolled back by ${auditActor(actor).name}.`,
        returning: true,
        waveDoneAt: null,
        finishedAt: null,
      });
    });
  }

  async #turnBackTargets(
    tx: Transaction,
    deployment: DeploymentRow,
    targets: readonly DeploymentTargetRow[],
  ): Promise<void> {
    const after: RunTarget[] = runOf(deployment, targets).targets.map((target) => ({ ...target }));
    for (const target of after) {
      turnBack(target, Date.now());
    }
    const told = after.filter(({ state }) => state === 'updating').map(({ targetId }) => targetId);
    await tx.stores.deploymentTargets.set(deployment.id, after, new Set(told));
  }

  async #change(
    id: string,
    work: (tx: Transaction, deployment: DeploymentRow) => Promise<void>,
  ): Promise<void> {
    await this.#parts.db.transact(async (tx) => {
      await tx.stores.deployments.lock(id);
      const deployment = await tx.stores.deployments.find(id);
      if (deployment === null) {
        throw notFound('deployment');
      }
      await work(tx, deployment);
    });
    this.#parts.advance(id);
  }

  async #advance(
    tx: Transaction,
    actor: Actor,
    deployment: DeploymentRow,
    event: AuditEventName,
    change: Change,
  ): Promise<void> {
    await tx.stores.deployments.advance(deployment, { ...deployment, waitsUntil: null, ...change });
    await tx.stores.deploymentTargets.addSteps(deployment.id, [
      `${auditActor(actor).name} ${STEP_WORDS[event] ?? ''}`.trim(),
    ]);
    await recordDeployment(tx, actor, event, deployment);
  }
}

const STEP_WORDS: Partial<Record<AuditEventName, string>> = {
  'deployment.paused': 'paused it.',
  'deployment.resumed': 'resumed it.',
  'deployment.aborted': 'aborted it.',
  'deployment.returning': 'rolled it back.',
};

function refuseReturn(deployment: DeploymentRow, targets: readonly DeploymentTargetRow[]): void {
  if (deployment.returning) {
    throw conflict('returning', 'The targets of this deployment went back already, or are on their way.');
  }
  if (targets.every(({ toldAt }) => toldAt === null)) {
    throw conflict('nothing_told', 'No target was told to run the snapshot: abort the deployment instead.');
  }
}
