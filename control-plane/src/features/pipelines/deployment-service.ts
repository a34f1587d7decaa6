import {
  DEFAULT_ROLLOUT,
  type DeploymentStepView,
  type DeploymentTargetView,
  type DeploymentView,
  type ListQuery,
  type Page,
  type RolloutChanges,
  type RolloutPolicy,
} from '@flowyard/protocol';
import { type Actor, auditActor } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { mapPage } from '../../db/paging.ts';
import { conflict, notFound } from '../../errors.ts';
import { newId } from '../../ids.ts';
import type { NotificationService } from '../notifications/notification-service.ts';
import type { SnapshotRow } from '../snapshots/store.ts';
import { notifyOf, recordDeployment } from './deployment-records.ts';
import type { DeploymentRow } from './deployment-row.ts';
import type { DeploymentRunner } from './deployment-runner.ts';
import { type DeploymentTargetStore, inTheirOrder } from './deployment-target-store.ts';
import { plannedView, presentTarget, readDeploymentViews } from './deployment-views.ts';
import type { BegunPush, FirstStep } from './first-step.ts';
import { type PlannedPush, planTargets } from './planned-targets.ts';
import { readPlace } from './push.ts';
import { deploymentInto, emptyGroup } from './push-refusals.ts';
import { namedSnapshot } from './push-source.ts';
import type { PushedSnapshots } from './pushed-snapshots.ts';
import { inWords } from './rollout-words.ts';
import { readStagePair } from './stage-pair.ts';
import { lockPlace, targetOf } from './stage-place.ts';
import type { StageRow } from './store.ts';
import { wavesOf } from './waves.ts';

export type PushRequest = RolloutChanges & { snapshotId?: string | undefined; startAt?: string | undefined };

/** All that is known of a push before it is written down. */
interface Plan {
  from: StageRow;
  to: StageRow;
  snapshot: SnapshotRow;
  policy: RolloutPolicy;
  startAt: string | null;
  againOf?: string;
  /** These targets alone. */
  only?: ReadonlySet<string> | null;
}

/** What was written down, and how it is shown; `begun` when its first targets were told with that. */
interface Written {
  id: string;
  begun: BegunPush | null;
  view: DeploymentView;
}

interface Parts {
  db: Database;
  pushed: PushedSnapshots;
  notifications: NotificationService;
  firstStep: FirstStep;
  /** Carries on a push that was written down; `follow` one of which the first targets were told with that. */
  runner: Pick<DeploymentRunner, 'advance' | 'follow'>;
}

/** Pushes along a pipeline: asking for them and reading about them. Carrying them out is the runner's work. */
export class DeploymentService {
  readonly #parts: Parts;
  readonly #db: Database;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#db = parts.db;
  }

  async view(id: string): Promise<DeploymentView> {
    const [view] = await readDeploymentViews(this.#db.stores, [await this.#require(id)]);
    return view as DeploymentView;
  }

  async list(pipelineId: string, query: ListQuery): Promise<Page<DeploymentView>> {
    const page = await this.#db.stores.deployments.list(pipelineId, query);
    return { ...page, items: await readDeploymentViews(this.#db.stores, page.items) };
  }

  async targets(
    id: string,
    { state, changedSince, ...query }: ListQuery & Parameters<DeploymentTargetStore['list']>[2],
  ): Promise<Page<DeploymentTargetView>> {
    await this.#require(id);
    const page = await this.#db.stores.deploymentTargets.list(id, query, { state, changedSince });
    return mapPage(page, presentTarget);
  }

  async steps(id: string, query: ListQuery): Promise<Page<DeploymentStepView>> {
    await this.#require(id);
    return mapPage(await this.#db.stores.deploymentTargets.steps(id, query), ({ at, text }) => ({
      at,
      text,
    }));
  }

  async #require(id: string): Promise<DeploymentRow> {
    const deployment = await this.#db.stores.deployments.find(id);
    if (deployment === null) {
      throw notFound('deployment');
    }
    return deployment;
  }

  /**
   * Pushes the snapshot of a stage to the next one. The record of it is there when this returns; the rest follows.
   * @param along what is to be written in the same transaction
   */
  async push(
    actor: Actor,
    stageId: string,
    request: PushRequest,
    along?: (tx: Transaction) => Promise<void>,
  ): Promise<DeploymentView> {
    const sent = request.snapshotId === undefined ? await this.#parts.pushed.askDevice(stageId) : null;
    const written = await this.#db.transact(async (tx) => {
      const { from, to } = await readStagePair(tx.stores, stageId);
      await refuseSecond(tx, to);
      const { snapshotId, startAt, ...changes } = request;
      const snapshot =
        snapshotId === undefined
          ? await this.#parts.pushed.of(tx, actor, { from, to }, sent)
          : await namedSnapshot(tx.stores, from, snapshotId);
      const policy = { ...to.rollout, ...withoutUndefined(changes) };
      await along?.(tx);
      return this.#write(tx, actor, { from, to, snapshot, policy, startAt: startAt ?? null });
    });
    return this.#carryOn(written);
  }

  /** Pushes the same snapshot to the same place once more: to all targets there, or to those that do not run it. */
  async again(actor: Actor, deploymentId: string, which: 'all' | 'rest'): Promise<DeploymentView> {
    const written = await this.#db.transact(async (tx) => {
      const old = await tx.stores.deployments.find(deploymentId);
      const from = old && (await tx.stores.pipelines.findStage(old.fromStageId));
      const to = old && (await tx.stores.pipelines.findStage(old.toStageId));
      const snapshot = old && (await tx.stores.snapshots.find(old.snapshotId));
      if (!old || !from || !to || !snapshot) {
        throw conflict('gone', 'A stage or the snapshot of this deployment was deleted: push another one.');
      }
      if (old.finishedAt === null) {
        throw conflict('running', 'This deployment has not ended: resume or abort it first.');
      }
      await refuseSecond(tx, to);
      const only = which === 'all' ? null : await restOf(tx, old);
      const { policy } = old;
      return this.#write(tx, actor, { from, to, snapshot, policy, startAt: null, againOf: old.id, only });
    });
    return this.#carryOn(written);
  }

  /** Has it carried on, and shows it as it was written down. */
  #carryOn({ id, begun, view }: Written): DeploymentView {
    if (begun === null) {
      this.#parts.runner.advance(id);
    } else {
      this.#parts.runner.follow(begun);
    }
    return view;
  }

  /** Writes down a push, and has its first targets told when that can be. */
  async #write(tx: Transaction, actor: Actor, plan: Plan): Promise<Written> {
    const planned = await this.#plan(tx, actor, plan);
    const begun = this.#parts.firstStep.decide(planned);
    const { deployment, targets } = begun ?? planned;
    await tx.stores.deployments.insert(deployment, begun?.claim);
    await tx.stores.deploymentTargets.insert(targets);
    await recordDeployment(tx, actor, 'deployment.started', deployment);
    const { id, author, snapshotName } = deployment;
    const asked = `${author} asked for the push of “${snapshotName}” to ${inWords(targets.length, 'target')}.`;
    if (begun === null) {
      await tx.stores.deploymentTargets.addSteps(id, [asked]);
    } else {
      await this.#parts.firstStep.carryOut(tx, begun, asked);
    }
    if (deployment.state === 'planned') {
      const asks = `${author} asks for it. It begins when a second person has approved it.`;
      await notifyOf(tx, this.#parts.notifications, 'deployment.approval', deployment, asks);
    }
    const view = await plannedView(tx.stores, deployment, targets);
    return { id, begun, view };
  }

  async #plan(tx: Transaction, actor: Actor, plan: Plan): Promise<PlannedPush> {
    const { from, to, snapshot } = plan;
    const pipeline = await tx.stores.pipelines.find(from.pipelineId);
    if (pipeline === null) {
      throw notFound('pipeline');
    }
    const id = newId();
    const found = await planTargets(tx, to, id);
    const asked = plan.only
      ? found.targets.filter(({ targetId }) => plan.only?.has(targetId))
      : found.targets;
    if (asked.length === 0) {
      throw plan.only ? conflict('nothing_left', 'Every target runs the snapshot already.') : emptyGroup(to);
    }
    // What goes to one target has no waves, and nothing that could be halted.
    const policy =
      to.target.kind === 'device-group' ? plan.policy : { ...DEFAULT_ROLLOUT, window: plan.policy.window };
    const previous = await targetOf(tx, to.target);
    const waves = wavesOf(policy.waves, asked.length);
    const targets = asked.map((target, index) => ({ ...target, wave: waves[index] ?? 0 })).sort(inTheirOrder);
    const deployment: DeploymentRow = {
      id,
      teamId: pipeline.teamId,
      applicationId: pipeline.applicationId,
      pipelineId: pipeline.id,
      fromStageId: from.id,
      fromName: from.name,
      toStageId: to.id,
      toName: to.name,
      snapshotId: snapshot.id,
      snapshotName: snapshot.name,
      state: to.approval ? 'planned' : 'waiting',
      message: null,
      author: auditActor(actor).name,
      authorId: auditActor(actor).id ?? '',
      policy,
      startAt: plan.startAt,
      waitsUntil: plan.startAt,
      returning: false,
      wave: 0,
      waveDoneAt: null,
      forgiven: 0,
      previousTargetId: previous.snapshotId,
      previousPushed: previous.pushed,
      againOf: plan.againOf ?? null,
      approver: null,
      approvedAt: null,
      revision: 0,
      createdAt: new Date().toISOString(),
      finishedAt: null,
    };
    const place = await readPlace(tx.stores, to, pipeline.teamId);
    return { deployment, ...place, targets, devices: found.devices };
  }
}

/** Of two who push into one place at once the second is told who and what is on its way there. */
async function refuseSecond(tx: Transaction, to: StageRow): Promise<void> {
  await lockPlace(tx, to.target);
  const [refusal] = await deploymentInto(tx.stores, to);
  if (refusal) {
    throw refusal;
  }
}

/** The targets of a deployment that do not run its snapshot. */
async function restOf(tx: Transaction, old: DeploymentRow): Promise<Set<string>> {
  const targets = await tx.stores.deploymentTargets.of(old.id);
  return new Set(targets.filter(({ state }) => state !== 'succeeded').map(({ targetId }) => targetId));
}

function withoutUndefined(changes: RolloutChanges): Partial<RolloutPolicy> {
  return Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
}
