import type { Logger } from 'pino';
import { type Actor, auditActor, SYSTEM } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { OneAtATime } from '../../one-at-a-time.ts';
import type { Changes } from '../../relay/changes.ts';
import type { TimedReport } from '../instances/driver-host.ts';
import type { NotificationService } from '../notifications/notification-service.ts';
import type { SnapshotApplier } from '../snapshots/applier.ts';
import type { SnapshotService } from '../snapshots/service.ts';
import type { TargetService } from '../snapshots/target-service.ts';
import {
  type DeploymentRow,
  type DeploymentTargetRow,
  type TargetState,
  UNFINISHED,
} from './deployment-store.ts';
import { judgeDeployment, judgeTarget } from './rollout-machine.ts';
import { FAILED_STATES, TargetFactsReader } from './target-facts.ts';

const LOOK_AGAIN_MS = 1000;
const BEGIN_WITHIN_MS = 60_000;

interface Parts {
  db: Database;
  changes: Changes;
  snapshots: SnapshotService;
  applier: SnapshotApplier;
  targets: TargetService;
  notifications: NotificationService;
  /** The newest report of a hosted instance since this process started. */
  reportOf: (instanceId: string) => TimedReport | undefined;
  logger: Logger;
}

/**
 * Carries deployments out. All that it knows is in the database, and each step is one transaction, so a deployment
 * that was under way when the server was killed is carried on by the next one:
 *
 *   waiting --(targets told)--> running --(every target done)--> succeeded | failed
 */
export class DeploymentRunner {
  readonly #parts: Parts;
  readonly #db: Database;
  readonly #facts: TargetFactsReader;
  readonly #looks: OneAtATime;
  /** Of a whole fleet that changes at once, many are looked up together. */
  readonly #lookUps: OneAtATime;
  readonly #changed = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  readonly #onChange = ({ kind, id }: { kind: string; id: string }) => {
    if (kind === 'instance' || kind === 'device') {
      this.#changed.add(id);
      this.#lookUps.start('changed');
    }
  };

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#db = parts.db;
    this.#looks = new OneAtATime(
      (id) => this.#step(id),
      (error, id) =>
        parts.logger.error({ err: error, deploymentId: id }, 'deployment could not be carried on'),
    );
    this.#lookUps = new OneAtATime(
      () => this.#advanceThoseOnChanged(),
      (error) => parts.logger.error({ err: error }, 'deployments could not be read'),
    );
    this.#facts = new TargetFactsReader(parts.db.stores, parts.reportOf);
  }

  /** Takes up what was under way. */
  async start(): Promise<void> {
    this.#parts.changes.on('change', this.#onChange);
    this.#timer = setInterval(() => void this.#advanceAll(), LOOK_AGAIN_MS);
    await this.#advanceAll();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#parts.changes.off('change', this.#onChange);
    await this.#lookUps.stop();
    await this.#looks.stop();
  }

  /** Looks at a deployment and does what is next; one look at a time for each. */
  advance(id: string): void {
    this.#looks.start(id);
  }

  async #advanceAll(): Promise<void> {
    try {
      for (const id of await this.#db.stores.deployments.unfinishedIds()) {
        this.advance(id);
      }
    } catch (error) {
      this.#parts.logger.error({ err: error }, 'deployments could not be read');
    }
  }

  async #advanceThoseOnChanged(): Promise<void> {
    const targets = [...this.#changed];
    this.#changed.clear();
    for (const id of await this.#db.stores.deployments.unfinishedOn(targets)) {
      this.advance(id);
    }
  }

  async #step(id: string): Promise<void> {
    const deployment = await this.#db.stores.deployments.find(id);
    if (deployment?.state === 'waiting') {
      try {
        await this.#begin(deployment);
      } catch (error) {
        await this.#giveUpLate(deployment, error);
        throw error;
      }
      this.#looks.start(id);
    } else if (deployment?.state === 'running') {
      await this.#follow(deployment);
    }
  }

  /** Tells the targets what to run: by their own target, that of their group, or the flows of the instance. */
  async #begin(deployment: DeploymentRow): Promise<void> {
    await this.#db.transact(async (tx) => {
      const running = { state: 'running', message: null, finishedAt: null } as const;
      if (!(await tx.stores.deployments.advance(deployment.id, ['waiting'], running))) {
        return;
      }
      const stage = await tx.stores.pipelines.findStage(deployment.toStageId);
      const snapshot = await tx.stores.snapshots.find(deployment.snapshotId);
      if (stage === null || snapshot === null) {
        await this.#finish(
          tx,
          deployment,
          'failed',
          'The stage or the snapshot was deleted before it began.',
        );
        return;
      }
      const { kind, id } = stage.target;
      const actor = authorOf(deployment);
      const targets = await tx.stores.deployments.targetsOf([deployment.id]);
      if (kind === 'instance') {
        await this.#applyToInstance(tx, actor, deployment, id);
      } else {
        await this.#parts.targets.setInTransaction(tx, actor, { kind, id }, snapshot.id, 'team');
      }
      const updating = targets.map(
        ({ targetId }) => ({ targetId, state: 'updating', reason: null }) as const,
      );
      await tx.stores.deployments.setTargets(deployment.id, updating);
      this.#announce(tx, deployment);
    });
  }

  /** A deployment that cannot be begun is not tried for ever. */
  async #giveUpLate(deployment: DeploymentRow, reason: unknown): Promise<void> {
    if (Date.now() - Date.parse(deployment.createdAt) < BEGIN_WITHIN_MS) {
      return;
    }
    const why = reason instanceof Error ? reason.message : String(reason);
    await this.#db.transact(async (tx) => {
      await this.#finish(tx, deployment, 'failed', `It could not be begun: ${why}`);
    });
  }

  async #applyToInstance(
    tx: Transaction,
    actor: Actor,
    deployment: DeploymentRow,
    instanceId: string,
  ): Promise<void> {
    const instance = await tx.stores.instances.find(instanceId);
    const snapshot = await tx.stores.snapshots.find(deployment.snapshotId);
    if (instance === null || snapshot === null) {
      return;
    }
    const name = `Before push of ${deployment.snapshotName}`.slice(0, 120);
    const safety = await this.#parts.snapshots.takeInTransaction(tx, actor, instance, { name, kind: 'auto' });
    await this.#parts.applier.apply(tx, actor, instance, snapshot, 'names-only');
    if (FAILED_STATES.has(instance.state)) {
      await tx.stores.instances.addRestart(instance.id);
    }
    await tx.stores.deployments.setPrevious(deployment.id, instanceId, safety.id);
  }

  /** Looks how the targets stand and, when all are done, ends the deployment. */
  async #follow(deployment: DeploymentRow): Promise<void> {
    const targets = await this.#db.stores.deployments.targetsOf([deployment.id]);
    const updatingForMs = Date.now() - Date.parse(deployment.createdAt);
    const facts = await this.#facts.of(
      deployment,
      targets.filter(({ state }) => state === 'updating'),
    );
    const judged = targets.map((target) => {
      const known = facts.get(target.targetId);
      const verdict = known
        ? judgeTarget(known, updatingForMs)
        : { state: target.state, reason: target.reason };
      return { target, verdict };
    });
    const changed = judged.filter(({ target, verdict }) => target.state !== verdict.state);
    const outcome = judgeDeployment(judged.map(({ verdict }) => verdict));
    if (changed.length === 0 && outcome.state === 'running') {
      return;
    }
    await this.#db.transact(async (tx) => {
      const next = { ...outcome, finishedAt: outcome.state === 'running' ? null : new Date().toISOString() };
      if (!(await tx.stores.deployments.advance(deployment.id, ['running'], next))) {
        return;
      }
      const states: TargetState[] = [];
      for (const { target, verdict } of changed) {
        const fails = target.kind === 'instance' && verdict.state === 'failed';
        const returnedTo = fails ? await this.#returnInstance(tx, deployment, target) : null;
        const reason = returnedTo === null ? verdict.reason : withReturn(verdict.reason, returnedTo);
        states.push({ targetId: target.targetId, state: verdict.state, reason });
      }
      await tx.stores.deployments.setTargets(deployment.id, states);
      if (outcome.state === 'running') {
        this.#announce(tx, deployment);
      } else {
        await this.#recordEnd(tx, deployment, outcome.state, outcome.message);
      }
    });
  }

  /** A hosted instance that does not come up with the snapshot goes back to what it ran; gives the name of that. */
  async #returnInstance(
    tx: Transaction,
    deployment: DeploymentRow,
    target: DeploymentTargetRow,
  ): Promise<string | null> {
    const instance = await tx.stores.instances.find(target.targetId);
    const previous = target.previousSnapshotId && (await tx.stores.snapshots.find(target.previousSnapshotId));
    if (instance === null || !previous || instance.runningSnapshotId !== deployment.snapshotId) {
      return null;
    }
    await this.#parts.applier.apply(tx, SYSTEM, instance, previous, 'names-only');
    await tx.stores.instances.addRestart(instance.id);
    await tx.audit({
      event: 'instance.returned',
      actor: auditActor(SYSTEM),
      teamId: instance.teamId,
      applicationId: instance.applicationId,
      subject: { kind: 'instance', id: instance.id, name: instance.name },
      details: { from: deployment.snapshotName, to: previous.name },
    });
    return previous.name;
  }

  async #finish(tx: Transaction, deployment: DeploymentRow, state: 'failed', message: string): Promise<void> {
    const finishedAt = new Date().toISOString();
    if (await tx.stores.deployments.advance(deployment.id, UNFINISHED, { state, message, finishedAt })) {
      await this.#recordEnd(tx, deployment, state, message);
    }
  }

  async #recordEnd(
    tx: Transaction,
    deployment: DeploymentRow,
    state: 'succeeded' | 'failed' | 'aborted',
    message: string | null,
  ): Promise<void> {
    await tx.audit({
      event: `deployment.${state}`,
      actor: auditActor(SYSTEM),
      teamId: deployment.teamId,
      applicationId: deployment.applicationId,
      subject: {
        kind: 'deployment',
        id: deployment.id,
        name: `${deployment.fromName} to ${deployment.toName}`,
      },
      details: { snapshot: deployment.snapshotName, message },
    });
    if (state === 'failed') {
      await this.#parts.notifications.raise(tx, {
        kind: 'deployment.failed',
        teamId: deployment.teamId,
        applicationId: deployment.applicationId,
        subject: {
          kind: 'deployment',
          id: deployment.id,
          name: `${deployment.fromName} to ${deployment.toName}`,
        },
        text: `“${deployment.snapshotName}” did not reach all its targets.\n${message ?? ''}`.trim(),
      });
    }
    this.#announce(tx, deployment);
  }

  #announce(tx: Transaction, { id, pipelineId, teamId, applicationId }: DeploymentRow): void {
    tx.announce({ kind: 'deployment', id, teamId, applicationId });
    tx.announce({ kind: 'pipeline', id: pipelineId, teamId, applicationId });
  }
}

function authorOf(deployment: DeploymentRow): Actor {
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

/** The first line of a reason is what people read first; the log may follow. */
function withReturn(reason: string | null, snapshotName: string): string {
  const [cause = '', ...log] = (reason ?? '').split('\n');
  return [`${cause} It went back to “${snapshotName}”.`.trim(), ...log].join('\n');
}
