import type { Stores } from '../../db/stores.ts';
import type { DeploymentTargetRow } from './deployment-target-store.ts';
import { type Push, readPush } from './push.ts';
import type { TargetFacts } from './rollout-machine.ts';

/** So long what was read of a push holds when nobody changes it through this process. */
const HOLDS_MS = 500;
/** So long those that were not told yet count as they were found. */
const FRESH_MS = 1000;

/** A push with its targets. */
export interface KnownPush extends Push {
  targets: DeploymentTargetRow[];
}

interface Known {
  push: KnownPush;
  /** When it was read, by a clock that never jumps. */
  readAt: number;
  found: { facts: ReadonlyMap<string, TargetFacts>; at: number };
}

const NOTHING_FOUND = { facts: new Map<string, TargetFacts>(), at: Number.NEGATIVE_INFINITY };

/**
 * Pushes under way as this process knows them, so that each step need not read them again. A step that was decided on
 * what does not hold any more changes nothing: it asks for the revision that it knows.
 */
export class KnownPushes {
  readonly #known = new Map<string, Known>();
  /** Those that somebody may have changed since they were read. */
  readonly #doubted = new Set<string>();

  /** The push of that deployment; why it cannot be carried on when it cannot. */
  async read(stores: Stores, id: string): Promise<KnownPush | 'over' | 'stage-deleted'> {
    const known = this.#known.get(id);
    const readAt = performance.now();
    if (known !== undefined && readAt - known.readAt < HOLDS_MS && !this.#doubted.has(id)) {
      return known.push;
    }
    this.#doubted.delete(id);
    const deployment = await stores.deployments.find(id);
    if (deployment === null || deployment.finishedAt !== null || deployment.state === 'planned') {
      return 'over';
    }
    const push = await readPush(stores, deployment);
    if (push === null) {
      return 'stage-deleted';
    }
    const isSame = known?.push.deployment.revision === deployment.revision;
    const targets = isSame ? known.push.targets : await stores.deploymentTargets.of(id);
    const read = { ...push, targets };
    this.#known.set(id, { push: read, readAt, found: known?.found ?? NOTHING_FOUND });
    return read;
  }

  /** Takes a push over as it was just written down, with how its targets were found for that. */
  begun({ deployment, place, scope, targets }: KnownPush, facts: ReadonlyMap<string, TargetFacts>): void {
    const at = performance.now();
    const push = { deployment, place, scope, targets };
    this.#known.set(deployment.id, { push, readAt: at, found: { facts, at } });
  }

  /** This process has taken it further. */
  advanced(push: KnownPush): void {
    const known = this.#known.get(push.deployment.id);
    if (known !== undefined) {
      known.push = push;
    }
  }

  /** Somebody may have changed it: it is read again. */
  doubt(id: string): void {
    this.#doubted.add(id);
  }

  /** How a target that was not told yet was found a moment ago; undefined when that may not hold any more. */
  foundUntold(deploymentId: string, { targetId, state }: DeploymentTargetRow): TargetFacts | undefined {
    const known = this.#known.get(deploymentId);
    if (known === undefined || state !== 'waiting') {
      return undefined;
    }
    if (performance.now() - known.found.at >= FRESH_MS) {
      known.found = NOTHING_FOUND;
    }
    // A window may close at any moment.
    return known.push.deployment.policy.window === null ? known.found.facts.get(targetId) : undefined;
  }

  forget(id: string): void {
    this.#known.delete(id);
    this.#doubted.delete(id);
  }
}
