import type { Transaction } from '../../db/database.ts';
import type { NotificationService } from '../notifications/notification-service.ts';
import { recordDecision } from './decision-record.ts';
import type { DeploymentLease } from './deployment-lease.ts';
import type { LeaseClaim } from './deployment-store.ts';
import type { DeploymentTargets } from './deployment-targets.ts';
import type { PlannedPush } from './planned-targets.ts';
import { type Decision, decide } from './rollout-decision.ts';
import type { TargetFacts } from './rollout-machine.ts';
import { progressOf, runOf, targetsAfter } from './rollout-run.ts';
import type { TargetFactsReader } from './target-facts.ts';

interface Parts {
  facts: TargetFactsReader;
  targets: DeploymentTargets;
  notifications: NotificationService;
  lease: DeploymentLease;
}

/** A push of which the first targets are told with writing it down. */
export interface BegunPush extends PlannedPush {
  decision: Decision;
  /** How all targets were found. */
  facts: ReadonlyMap<string, TargetFacts>;
  /** The right of this process to carry it on. */
  claim: LeaseClaim;
}

/** The first step of a push to devices: it is taken in the transaction that writes the push down. */
export class FirstStep {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Decides on it; null when nobody can be told yet, or at once. */
  decide(planned: PlannedPush): BegunPush | null {
    const { deployment, targets, devices, place } = planned;
    if (deployment.state !== 'waiting' || place.kind === 'instance') {
      return null;
    }
    const now = Date.now();
    const facts = this.#parts.facts.ofDevices(planned, devices);
    const decision = decide(runOf(deployment, targets), facts, now);
    if (decision.run.state !== 'running' || decision.tell.length === 0) {
      return null;
    }
    const told = new Set(decision.tell);
    return {
      ...planned,
      deployment: { ...deployment, ...progressOf(deployment, decision.run) },
      targets: targetsAfter(targets, decision.changed, { at: new Date(now).toISOString(), told }),
      decision,
      facts,
      claim: this.#parts.lease.claim(),
    };
  }

  /**
   * Tells those of whom that was decided. The push must be written down already.
   * @param asked what is written down before that, in words
   */
  async carryOut(tx: Transaction, begun: BegunPush, asked: string): Promise<void> {
    const { deployment, decision } = begun;
    await this.#parts.targets.tell(tx, begun, decision.tell);
    const steps = [asked, ...decision.steps];
    await recordDecision(tx, this.#parts.notifications, deployment, { ...decision, steps });
  }
}
