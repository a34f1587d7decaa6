import type { Logger } from 'pino';
import { SYSTEM } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { OneAtATime } from '../../one-at-a-time.ts';
import type { Changes } from '../../relay/changes.ts';
import type { NotificationService } from '../notifications/notification-service.ts';
import { recordDecision } from './decision-record.ts';
import type { DeploymentLease } from './deployment-lease.ts';
import { notifyOf, recordDeployment } from './deployment-records.ts';
import type { DeploymentTargetRow, TargetState } from './deployment-target-store.ts';
import type { DeploymentTargets } from './deployment-targets.ts';
import type { BegunPush } from './first-step.ts';
import { type KnownPush, KnownPushes } from './known-pushes.ts';
import { ReportWatch } from './report-watch.ts';
import { awaitedIn, type Decision, decide, type Run, toLookAt } from './rollout-decision.ts';
import type { TargetFacts } from './rollout-machine.ts';
import { progressOf, runOf, targetsAfter } from './rollout-run.ts';
import type { TargetFactsReader } from './target-facts.ts';

/** So often those are looked at that nobody has looked at for as long: time alone may take them further. */
const LOOK_AGAIN_MS = 500;
/** What cannot be carried on for so long is given up. */
const GIVE_UP_MS = 60_000;

interface Parts {
  db: Database;
  changes: Changes;
  targets: DeploymentTargets;
  notifications: NotificationService;
  facts: TargetFactsReader;
  lease: DeploymentLease;
  logger: Logger;
}

/**
 * Carries deployments out. All that it knows is in the database, and each step is one transaction, so a deployment that
 * was under way when a process was killed is carried on by the next one. Of several processes one at a time has the right
 * to do so; it renews that as long as it lives.
 */
export class DeploymentRunner {
  readonly #parts: Parts;
  readonly #db: Database;
  readonly #looks: OneAtATime;
  readonly #reports: ReportWatch;
  readonly #known = new KnownPushes();
  /** When a deployment was last looked at, by a clock that never jumps. */
  readonly #lookedAt = new Map<string, number>();
  /** Since when a deployment cannot be carried on. */
  readonly #failingSince = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  readonly #onChange = ({ kind, id }: { kind: string; id: string }) => {
    if (kind === 'instance' || kind === 'device') {
      this.#reports.heard(id);
    }
  };

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#db = parts.db;
    this.#looks = new OneAtATime(
      (id) => this.#look(id),
      (error, id) =>
        parts.logger.error({ err: error, deploymentId: id }, 'deployment could not be carried on'),
    );
    this.#reports = new ReportWatch((id) => this.#looks.start(id));
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
    await this.#looks.stop();
    this.#reports.stop();
    await this.#parts.lease.releaseAll(this.#db.stores);
  }

  /** Looks at a deployment that may be another one now, and does what is next; one look at a time for each. */
  advance(id: string): void {
    this.#known.doubt(id);
    this.#looks.start(id);
  }

  /** Goes on with a push of which the first targets have just been told: nothing is to be done before they report. */
  follow(push: BegunPush): void {
    const { id } = push.deployment;
    this.#parts.lease.taken(id);
    this.#lookedAt.set(id, performance.now());
    this.#known.begun(push, push.facts);
    this.#reports.waitFor(id, awaitedIn(push.decision.run));
  }

  async #advanceAll(): Promise<void> {
    try {
      const now = new Date().toISOString();
      const before = performance.now() - LOOK_AGAIN_MS;
      for (const id of await this.#db.stores.deployments.toCarryOn(this.#parts.lease.owner, now)) {
        if ((this.#lookedAt.get(id) ?? before) <= before) {
          this.advance(id);
        }
      }
    } catch (error) {
      this.#parts.logger.error({ err: error }, 'deployments could not be read');
    }
  }

  async #look(id: string): Promise<void> {
    try {
      if (await this.#parts.lease.holds(this.#db.stores, id)) {
        await this.#step(id);
      } else {
        this.#forget(id);
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

  async #step(id: string): Promise<void> {
    this.#lookedAt.set(id, performance.now());
    const push = await this.#known.read(this.#db.stores, id);
    if (push === 'over') {
      this.#forget(id);
      return;
    }
    if (push === 'stage-deleted') {
      await this.#giveUp(id, 'The stage was deleted.');
      return;
    }
    const { deployment, targets } = push;
    const run = runOf(deployment, targets);
    const decision = await this.#decide(push, run);
    const next = progressOf(deployment, decision.run);
    const moves =
      decision.changed.length > 0 || JSON.stringify(next) !== JSON.stringify(progressOf(deployment, run));
    const after = moves ? await this.#carryOut(push, decision) : push;
    this.#reports.waitFor(id, awaitedIn(decision.run));
    if (after === null) {
      // It is looked at as it is now by whoever changed it.
      this.#known.doubt(id);
      return;
    }
    if (next.finishedAt !== null) {
      this.#forget(id);
      return;
    }
    if (push.place.kind === 'instance') {
      // What it goes back to is written down while it is told.
      this.#known.forget(id);
    } else {
      this.#known.advanced(after);
    }
    // Those that were told are looked at when they report.
    if (moves && decision.tell.length === 0) {
      this.#looks.start(id);
    }
  }

  /** Decides on the targets of a wave, and of the next one, too, when that is next at once. */
  async #decide(push: KnownPush, run: Run): Promise<Decision> {
    const facts = new Map<string, TargetFacts>();
    for (let at = run; ; ) {
      await this.#lookAt(push, new Set(toLookAt(at)), facts);
      const decision = decide(run, facts, Date.now());
      if (decision.run.wave === at.wave) {
        return decision;
      }
      at = decision.run;
    }
  }

  /** Finds out how these targets are, unless that is among the facts already. */
  async #lookAt(push: KnownPush, ids: ReadonlySet<string>, facts: Map<string, TargetFacts>): Promise<void> {
    const unknown: DeploymentTargetRow[] = [];
    for (const target of push.targets) {
      const { targetId } = target;
      if (ids.has(targetId) && !facts.has(targetId)) {
        const found = this.#known.foundUntold(push.deployment.id, target);
        if (found) {
          facts.set(targetId, found);
        } else {
          unknown.push(target);
        }
      }
    }
    for (const [id, fact] of await this.#parts.facts.of(push, unknown)) {
      facts.set(id, fact);
    }
  }

  /** Nothing is to be done for it any more, or another process carries it on. */
  #forget(id: string): void {
    this.#parts.lease.forget(id);
    this.#lookedAt.delete(id);
    this.#reports.forget(id);
    this.#known.forget(id);
  }

  /**
   * Does what was decided, and gives the push as it is then; null when somebody changed the deployment meanwhile, or
   * another process carries it on.
   */
  #carryOut(push: KnownPush, decision: Decision): Promise<KnownPush | null> {
    const { deployment, targets } = push;
    const next = progressOf(deployment, decision.run);
    return this.#db.transact(async (tx) => {
      if (!(await this.#parts.lease.advance(tx.stores, deployment, next))) {
        return null;
      }
      if (decision.turnsBack) {
        await this.#parts.targets.turnBack(tx, push, targets);
      }
      await this.#parts.targets.untell(tx, push, decision.untell);
      await this.#parts.targets.tell(tx, push, decision.tell);
      const after = await this.#store(tx, push, decision);
      if (next.state === 'succeeded' || next.state === 'failed') {
        await this.#parts.targets.settle(tx, push);
      }
      await recordDecision(tx, this.#parts.notifications, deployment, decision);
      return {
        ...push,
        deployment: { ...deployment, ...next, revision: deployment.revision + 1 },
        targets: after,
      };
    });
  }

  /** Writes down how the targets are now, and gives them. */
  async #store(
    tx: Transaction,
    { deployment, targets }: KnownPush,
    { changed, tell, turnsBack }: Decision,
  ): Promise<DeploymentTargetRow[]> {
    const byId = new Map(targets.map((target) => [target.targetId, target]));
    const states: TargetState[] = [];
    for (const change of changed) {
      const target = byId.get(change.targetId);
      const fails = target?.kind === 'instance' && change.state === 'failed' && !deployment.returning;
      const to = fails ? await this.#parts.targets.returnInstance(tx, deployment, target) : null;
      states.push(to === null ? change : { ...change, reason: withReturn(change.reason, to) });
    }
    const told = turnsBack ? states.filter(({ state }) => state === 'updating') : [];
    const toldNow = new Set([...tell, ...told.map(({ targetId }) => targetId)]);
    const at = await tx.stores.deploymentTargets.set(deployment.id, states, toldNow);
    return targetsAfter(targets, states, { at, told: toldNow });
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

/** The first line of a reason is what people read first; the log may follow. */
function withReturn(reason: string | null, snapshotName: string): string {
  const [cause = '', ...log] = (reason ?? '').split('\n');
  return [`${cause} It went back to “${snapshotName}”.`.trim(), ...log].join('\n');
}
