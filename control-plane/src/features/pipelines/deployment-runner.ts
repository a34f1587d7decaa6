import { setTimeout as wait } from 'node:timers/promises';
import type { Logger } from 'pino';
import { SYSTEM } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import type { Stores } from '../../db/stores.ts';
import { newId } from '../../ids.ts';
import { OneAtATime } from '../../one-at-a-time.ts';
import type { Changes } from '../../relay/changes.ts';
import type { TimedReport } from '../instances/driver-host.ts';
import type { NotificationService } from '../notifications/notification-service.ts';
import { announceDeployment, notifyOf, recordDeployment } from './deployment-records.ts';
import type { DeploymentRow } from './deployment-row.ts';
import type { DeploymentTargetRow, TargetState } from './deployment-target-store.ts';
import type { DeploymentTargets, Push } from './deployment-targets.ts';
import { type Decision, decide, toLookAt } from './rollout-decision.ts';
import { progressOf, runOf } from './rollout-run.ts';
import { TargetFactsReader } from './target-facts.ts';

const LOOK_AGAIN_MS = 1000;
/** Devices that report within this time are looked at together. */
const GATHER_MS = 50;
/** So long a process that ended without a word keeps others from going on. */
const LEASE_MS = 5000;
/** What cannot be carried on for so long is given up. */
const GIVE_UP_MS = 60_000;

interface Parts {
  db: Database;
  changes: Changes;
  targets: DeploymentTargets;
  notifications: NotificationService;
  /** The newest report of a hosted instance since this process started. */
  reportOf: (instanceId: string) => TimedReport | undefined;
  logger: Logger;
  leaseMs?: number;
}

/**
 * Carries deployments out. All that it knows is in the database, and each step is one transaction, so a deployment that
 * was under way when a process was killed is carried on by the next one. Of several processes one at a time has the right
 * to do so; it renews that as long as it lives.
 */
export class DeploymentRunner {
  readonly #parts: Parts;
  readonly #db: Database;
  readonly #facts: TargetFactsReader;
  readonly #owner = newId();
  readonly #leaseMs: number;
  readonly #looks: OneAtATime;
  /** Of a whole fleet that changes at once, many are looked up together. */
  readonly #lookUps: OneAtATime;
  readonly #changed = new Set<string>();
  /** Since when a deployment cannot be carried on. */
  readonly #failingSince = new Map<string, number>();
  /** Until when nobody else can have taken a deployment over. */
  readonly #heldUntil = new Map<string, number>();
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
    this.#leaseMs = parts.leaseMs ?? LEASE_MS;
    this.#looks = new OneAtATime(
      (id) => this.#look(id),
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
    await this.#db.stores.deployments.releaseAll(this.#owner);
  }

  /** Looks at a deployment and does what is next; one look at a time for each. */
  advance(id: string): void {
    this.#looks.start(id);
  }

  async #advanceAll(): Promise<void> {
    try {
      const now = new Date().toISOString();
      for (const id of await this.#db.stores.deployments.toCarryOn(this.#owner, now)) {
        this.advance(id);
      }
    } catch (error) {
      this.#parts.logger.error({ err: error }, 'deployments could not be read');
    }
  }

  async #advanceThoseOnChanged(): Promise<void> {
    await wait(GATHER_MS);
    const targets = [...this.#changed];
    this.#changed.clear();
    for (const id of await this.#db.stores.deployments.unfinishedOn(targets)) {
      this.advance(id);
    }
  }

  async #look(id: string): Promise<void> {
    try {
      if (await this.#holds(id)) {
        await this.#step(id);
      }
      this.#failingSince.delete(id);
    } catch (error) {
      const since = this.#failingSince.get(id) ?? Date.now();
      this.#failingSince.set(id, since);
      if (Date.now() - since >= GIVE_UP_MS) {
        await this.#giveUp(id, error instanceof Error ? error.message : String(error));
      }
      throw error;
    }
  }

  /** Takes or renews the right to carry a deployment on. */
  #hold(stores: Stores, id: string): Promise<boolean> {
    const now = Date.now();
    const until = new Date(now + this.#leaseMs).toISOString();
    return stores.deployments.hold(id, this.#owner, new Date(now).toISOString(), until);
  }

  /** Whether this process carries it on; asks the database for that once in a while only. */
  async #holds(id: string): Promise<boolean> {
    if ((this.#heldUntil.get(id) ?? 0) > Date.now()) {
      return true;
    }
    const until = Date.now() + this.#leaseMs / 2;
    const holds = await this.#hold(this.#db.stores, id);
    this.#heldUntil.set(id, holds ? until : 0);
    return holds;
  }

  async #step(id: string): Promise<void> {
    const { stores } = this.#db;
    const deployment = await stores.deployments.find(id);
    if (deployment === null || deployment.finishedAt !== null || deployment.state === 'planned') {
      this.#heldUntil.delete(id);
      return;
    }
    const stage = await stores.pipelines.findStage(deployment.toStageId);
    if (stage === null) {
      await this.#giveUp(id, 'The stage was deleted.');
      return;
    }
    const push = { deployment, place: stage.target };
    const targets = await stores.deploymentTargets.of(id);
    const run = runOf(deployment, targets);
    const asked = new Set(toLookAt(run));
    const facts = await this.#facts.of(
      push,
      targets.filter(({ targetId }) => asked.has(targetId)),
    );
    const decision = decide(run, facts, Date.now());
    const next = progressOf(deployment, decision.run);
    const moves =
      decision.changed.length > 0 || JSON.stringify(next) !== JSON.stringify(progressOf(deployment, run));
    const done = moves && (await this.#carryOut(push, targets, decision));
    // Those that were told are looked at when they report.
    if (done && next.finishedAt === null && decision.tell.length === 0) {
      this.#looks.start(id);
    }
  }

  /** Does what was decided; false when somebody changed the deployment meanwhile, or another process carries it on. */
  #carryOut(push: Push, targets: readonly DeploymentTargetRow[], decision: Decision): Promise<boolean> {
    const { deployment } = push;
    const next = progressOf(deployment, decision.run);
    return this.#db.transact(async (tx) => {
      if (!(await this.#hold(tx.stores, deployment.id))) {
        return false;
      }
      if (!(await tx.stores.deployments.advance(deployment, next))) {
        // It is looked at as it is now by whoever changed it.
        return false;
      }
      if (decision.turnsBack) {
        await this.#parts.targets.turnBack(tx, push, targets);
      }
      await this.#parts.targets.untell(tx, push, decision.untell);
      await this.#parts.targets.tell(tx, push, decision.tell);
      await this.#store(tx, deployment, targets, decision);
      if (next.state === 'succeeded' || next.state === 'failed') {
        await this.#parts.targets.settle(tx, push);
      }
      await this.#record(tx, deployment, decision);
      return true;
    });
  }

  /** Writes down how the targets are now. */
  async #store(
    tx: Transaction,
    deployment: DeploymentRow,
    targets: readonly DeploymentTargetRow[],
    { changed, tell, turnsBack }: Decision,
  ): Promise<void> {
    const byId = new Map(targets.map((target) => [target.targetId, target]));
    const states: TargetState[] = [];
    for (const change of changed) {
      const target = byId.get(change.targetId);
      const fails = target?.kind === 'instance' && change.state === 'failed' && !deployment.returning;
      const to = fails ? await this.#parts.targets.returnInstance(tx, deployment, target) : null;
      states.push(to === null ? change : { ...change, reason: withReturn(change.reason, to) });
    }
    const told = turnsBack ? states.filter(({ state }) => state === 'updating') : [];
    await tx.stores.deploymentTargets.set(
      deployment.id,
      states,
      new Set([...tell, ...told.map(({ targetId }) => targetId)]),
    );
  }

  async #record(
    tx: Transaction,
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
      await notifyOf(tx, this.#parts.notifications, 'deployment.halted', deployment, message);
    }
    if (ends) {
      await recordDeployment(tx, SYSTEM, `deployment.${state}`, deployment, { message });
    }
    if (state === 'failed') {
      await notifyOf(tx, this.#parts.notifications, 'deployment.failed', deployment, message);
    }
    announceDeployment(tx, deployment);
  }

  /** A deployment that cannot be carried on is not tried for ever. */
  async #giveUp(id: string, why: string): Promise<void> {
    await this.#db.transact(async (tx) => {
      await tx.stores.deployments.lock(id);
      const deployment = await tx.stores.deployments.find(id);
      if (deployment === null || deployment.finishedAt !== null) {
        return;
      }
      const message = `It could not be carried on: ${why}`;
      const finishedAt = new Date().toISOString();
      await tx.stores.deployments.advance(deployment, {
        ...deployment,
        state: 'failed',
        message,
        finishedAt,
      });
      await tx.stores.deploymentTargets.addSteps(id, [message]);
      await recordDeployment(tx, SYSTEM, 'deployment.failed', deployment, { message });
      await notifyOf(tx, this.#parts.notifications, 'deployment.failed', deployment, message);
    });
  }
}

const END_WORDS = {
  succeeded: 'It succeeded.',
  failed: 'It failed.',
  'rolled-back': 'It was rolled back.',
} as const;

/** The first line of a reason is what people read first; the log may follow. */
function withReturn(reason: string | null, snapshotName: string): string {
  const [cause = '', ...log] = (reason ?? '').split('\n');
  return [`${cause} It went back to “${snapshotName}”.`.trim(), ...log].join('\n');
}
