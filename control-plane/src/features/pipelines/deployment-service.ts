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
import { refuseDuringChange } from '../instance-changes/service.ts';
import type { NotificationService } from '../notifications/notification-service.ts';
import type { SnapshotRow } from '../snapshots/store.ts';
import { notifyOf, recordDeployment } from './deployment-records.ts';
import type { DeploymentRow } from './deployment-row.ts';
import {
  type DeploymentTargetRow,
  type DeploymentTargetStore,
  inTheirOrder,
} from './deployment-target-store.ts';
import { presentTarget, readDeploymentViews } from './deployment-views.ts';
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

interface Parts {
  db: Database;
  pushed: PushedSnapshots;
  notifications: NotificationService;
  /** Told of a deployment that is to be carried on, with its targets as they were written down. */
  advance: (deploymentId: string, targets: DeploymentTargetRow[]) => void;
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
    const { id, targets } = await this.#db.transact(async (tx) => {
      const { from, to } = await readStagePair(tx.stores, stageId);
      await refuseSecond(tx, to);
      const { snapshotId, startAt, ...changes } = request;
      const snapshot =
        snapshotId === undefined
          ? await this.#parts.pushed.of(tx, actor, { from, to }, sent)
          : await namedSnapshot(tx.stores, from, snapshotId);
      const policy = { ...to.rollout, ...withoutUndefined(changes) };
      await along?.(tx);
      return this.#plan(tx, actor, { from, to, snapshot, policy, startAt: startAt ?? null });
    });
    this.#parts.advance(id, targets);
    return this.view(id);
  }

  /** Pushes the same snapshot to the same place once more: to all targets there, or to those that do not run it. */
  async again(actor: Actor, deploymentId: string, which: 'all' | 'rest'): Promise<DeploymentView> {
    const { id, targets } = await this.#db.transact(async (tx) => {
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
      return this.#plan(tx, actor, { from, to, snapshot, policy, startAt: null, againOf: old.id, only });
    });
    this.#parts.advance(id, targets);
    return this.view(id);
  }

  /** Writes down a push, and gives its targets as they are stored. */
  async #plan(
    tx: Transaction,
    actor: Actor,
    plan: Plan,
  ): Promise<{ id: string; targets: DeploymentTargetRow[] }> {
    const { from, to, snapshot } = plan;
    const pipeline = await tx.stores.pipelines.find(from.pipelineId);
    if (pipeline === null) {
      throw notFound('pipeline');
    }
    const id = newId();
    const found = await this.#targets(tx, to, id);
    const asked = plan.only ? found.filter(({ targetId }) => plan.only?.has(targetId)) : found;
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
    await tx.stores.deployments.insert(deployment);
    await tx.stores.deploymentTargets.insert(targets);
    const times = inWords(targets.length, 'target');
    await tx.stores.deploymentTargets.addSteps(id, [
      `${deployment.author} asked for the push of “${snapshot.name}” to ${times}.`,
    ]);
    await recordDeployment(tx, actor, 'deployment.started', deployment);
    if (to.approval) {
      const asks = `${deployment.author} asks for it. It begins when a second person has approved it.`;
      await notifyOf(tx, this.#parts.notifications, 'deployment.approval', deployment, asks);
    }
    return { id, targets };
  }

  async #targets(tx: Transaction, to: StageRow, deploymentId: string): Promise<DeploymentTargetRow[]> {
    const fresh = {
      deploymentId,
      wave: 0,
      state: 'waiting' as const,
      reason: null,
      toldAt: null,
      changedAt: null,
    };
    if (to.target.kind === 'instance') {
      const instance = await tx.stores.instances.find(to.target.id);
      if (instance === null) {
        return [];
      }
      await refuseDuringChange(tx, instance);
      const { id: targetId, name } = instance;
      return [{ ...fresh, kind: 'instance', targetId, name, previousSnapshotId: null }];
    }
    const { kind, id } = to.target;
    const devices = await tx.stores.devices.briefly(
      kind === 'device' ? { deviceId: id } : { deviceGroupId: id },
    );
    // Whoever is first tries the snapshot out for all others: one that is there.
    const present = [...devices.filter(({ online }) => online), ...devices.filter(({ online }) => !online)];
    return present.map((device) => ({
      ...fresh,
      kind: 'device',
      targetId: device.id,
      name: device.name,
      previousSnapshotId: device.runningSnapshotId,
    }));
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
