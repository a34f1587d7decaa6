import type {
  AuditEventName,
  DeploymentTargetState,
  DeploymentView,
  ListQuery,
  Page,
} from '@flowyard/protocol';
import { type Actor, auditActor } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { conflict, invalid, notFound } from '../../errors.ts';
import { newId } from '../../ids.ts';
import { refuseDuringChange } from '../instance-changes/service.ts';
import type { SnapshotService } from '../snapshots/service.ts';
import type { SnapshotRow } from '../snapshots/store.ts';
import { type DeploymentRow, type DeploymentTargetRow, UNFINISHED } from './deployment-store.ts';
import { presentDeployment } from './presenter.ts';
import type { StageRow } from './store.ts';

const WHEN_ABORTED: Partial<Record<DeploymentTargetState, string>> = {
  waiting: 'The deployment was aborted before its turn came.',
  updating: 'The deployment was aborted while it was under way; it still moves to its target.',
};

interface Parts {
  db: Database;
  snapshots: SnapshotService;
  /** Told of a deployment that is to be carried on. */
  advance: (deploymentId: string) => void;
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
    const { deployments } = this.#db.stores;
    const deployment = await deployments.find(id);
    if (deployment === null) {
      throw notFound('deployment');
    }
    return presentDeployment(deployment, await deployments.targetsOf([id]));
  }

  async list(pipelineId: string, query: ListQuery): Promise<Page<DeploymentView>> {
    const { deployments } = this.#db.stores;
    const page = await deployments.list(pipelineId, query);
    const targets = await deployments.targetsOf(page.items.map((row) => row.id));
    return { ...page, items: page.items.map((row) => presentDeployment(row, targets)) };
  }

  /** Pushes the snapshot of a stage to the next one. The record of it is there when this returns; the rest follows. */
  async push(actor: Actor, stageId: string, snapshotId: string | undefined): Promise<DeploymentView> {
    const id = await this.#db.transact(async (tx) => {
      const { from, to } = await this.#stages(tx, stageId);
      if ((await tx.stores.deployments.unfinishedInto(to.id)) !== null) {
        throw conflict(
          'deployment_running',
          `A deployment into ${to.name} is under way. Wait for it or abort it first.`,
        );
      }
      const snapshot = await this.#snapshotOf(tx, actor, from, to, snapshotId);
      return this.#plan(tx, actor, from, to, snapshot);
    });
    this.#parts.advance(id);
    return this.view(id);
  }

  /** Targets that were not told yet stay as they are; those that were told finish by themselves. */
  async abort(actor: Actor, id: string): Promise<DeploymentView> {
    await this.#db.transact(async (tx) => {
      const deployment = await tx.stores.deployments.find(id);
      if (deployment === null) {
        throw notFound('deployment');
      }
      const message = `Aborted by ${auditActor(actor).name}.`;
      const finishedAt = new Date().toISOString();
      if (!(await tx.stores.deployments.advance(id, UNFINISHED, { state: 'aborted', message, finishedAt }))) {
        throw conflict('finished', 'This deployment has ended already.');
      }
      const targets = await tx.stores.deployments.targetsOf([id]);
      await tx.stores.deployments.setTargets(
        id,
        targets.flatMap(({ targetId, state }) => {
          const reason = WHEN_ABORTED[state];
          return reason === undefined ? [] : [{ targetId, state: 'skipped', reason }];
        }),
      );
      await this.#record(tx, actor, 'deployment.aborted', deployment);
    });
    return this.view(id);
  }

  async #stages(tx: Transaction, stageId: string): Promise<{ from: StageRow; to: StageRow }> {
    const from = await tx.stores.pipelines.findStage(stageId);
    if (from === null) {
      throw notFound('stage');
    }
    const stages = await tx.stores.pipelines.stagesOf([from.pipelineId]);
    const to = stages[stages.findIndex((stage) => stage.id === from.id) + 1];
    if (to === undefined) {
      throw conflict('last_stage', `${from.name} is the last stage: there is nothing to push to.`);
    }
    return { from, to };
  }

  async #snapshotOf(
    tx: Transaction,
    actor: Actor,
    from: StageRow,
    to: StageRow,
    snapshotId: string | undefined,
  ): Promise<SnapshotRow> {
    if (snapshotId !== undefined) {
      return this.#named(tx, from, snapshotId);
    }
    const snapshot =
      from.target.kind === 'instance'
        ? await this.#ofInstance(tx, actor, from, to)
        : await this.#running(tx, from.target);
    if (snapshot === null) {
      throw conflict(
        'no_snapshot',
        `There is no snapshot in ${from.name} that could be pushed. Take one there first.`,
      );
    }
    return snapshot;
  }

  async #named(tx: Transaction, from: StageRow, snapshotId: string): Promise<SnapshotRow> {
    const snapshot = await tx.stores.snapshots.find(snapshotId);
    const place = await tx.stores.scopes.find(from.target.kind, from.target.id, null);
    if (snapshot === null || snapshot.applicationId !== place?.applicationId) {
      throw invalid('snapshotId', `is not a snapshot of the application of ${from.name}`);
    }
    return snapshot;
  }

  async #ofInstance(
    tx: Transaction,
    actor: Actor,
    from: StageRow,
    to: StageRow,
  ): Promise<SnapshotRow | null> {
    const instance = await tx.stores.instances.find(from.target.id);
    if (instance === null) {
      return null;
    }
    switch (from.action) {
      case 'create':
        return this.#parts.snapshots.takeInTransaction(tx, actor, instance, {
          name: `Push to ${to.name}`.slice(0, 120),
          description: `Taken for the push from ${from.name} to ${to.name}.`,
          kind: 'deploy',
        });
      case 'latest':
        return tx.stores.snapshots.newestOfInstance(instance.id);
      case 'active':
        return instance.runningSnapshotId === null
          ? null
          : tx.stores.snapshots.find(instance.runningSnapshotId);
      case 'prompt':
        throw invalid('snapshotId', 'must be named: this stage asks which snapshot to push');
    }
  }

  async #running(tx: Transaction, target: StageRow['target']): Promise<SnapshotRow | null> {
    const id =
      target.kind === 'device'
        ? (await tx.stores.devices.find(target.id))?.runningSnapshotId
        : (await tx.stores.deviceGroups.find(target.id))?.targetSnapshotId;
    return id ? tx.stores.snapshots.find(id) : null;
  }

  async #plan(
    tx: Transaction,
    actor: Actor,
    from: StageRow,
    to: StageRow,
    snapshot: SnapshotRow,
  ): Promise<string> {
    const pipeline = await tx.stores.pipelines.find(from.pipelineId);
    if (pipeline === null) {
      throw notFound('pipeline');
    }
    const deployment: DeploymentRow = {
      id: newId(),
      teamId: pipeline.teamId,
      applicationId: pipeline.applicationId,
      pipelineId: pipeline.id,
      fromStageId: from.id,
      fromName: from.name,
      toStageId: to.id,
      toName: to.name,
      snapshotId: snapshot.id,
      snapshotName: snapshot.name,
      state: 'waiting',
      message: null,
      author: auditActor(actor).name,
      authorId: auditActor(actor).id ?? '',
      createdAt: new Date().toISOString(),
      finishedAt: null,
    };
    const targets = await this.#targets(tx, to, deployment.id);
    if (targets.length === 0) {
      throw conflict('empty_group', `There is no device in ${to.name}. Add devices to the group first.`);
    }
    await tx.stores.deployments.insert(deployment, targets);
    await this.#record(tx, actor, 'deployment.started', deployment);
    return deployment.id;
  }

  async #targets(tx: Transaction, to: StageRow, deploymentId: string): Promise<DeploymentTargetRow[]> {
    const fresh = { deploymentId, wave: 0, state: 'waiting' as const, reason: null };
    if (to.target.kind === 'instance') {
      const instance = await tx.stores.instances.find(to.target.id);
      if (instance === null) {
        return [];
      }
      await refuseDuringChange(tx, instance);
      const { id: targetId, name } = instance;
      return [{ ...fresh, kind: 'instance', targetId, name, previousSnapshotId: null }];
    }
    const devices =
      to.target.kind === 'device'
        ? await tx.stores.devices.findMany([to.target.id])
        : await tx.stores.devices.all({ deviceGroupId: to.target.id });
    return devices.map((device) => ({
      ...fresh,
      kind: 'device',
      targetId: device.id,
      name: device.name,
      previousSnapshotId: device.runningSnapshotId,
    }));
  }

  async #record(
    tx: Transaction,
    actor: Actor,
    event: AuditEventName,
    deployment: DeploymentRow,
  ): Promise<void> {
    const { id, teamId, applicationId, pipelineId, snapshotName, fromName, toName } = deployment;
    await tx.audit({
      event,
      actor: auditActor(actor),
      teamId,
      applicationId,
      subject: { kind: 'deployment', id, name: `${fromName} to ${toName}` },
      details: { snapshot: snapshotName, pipelineId },
    });
    tx.announce({ kind: 'deployment', id, teamId, applicationId });
    tx.announce({ kind: 'pipeline', id: pipelineId, teamId, applicationId });
  }
}
