import assert from 'node:assert/strict';
import type { DeviceTarget } from '@flowyard/protocol';
import { NO_DEVELOPER } from '../../../device-agent/src/developer/plan-developer.ts';
import {
  type DeviceFacts,
  type FailedRelease,
  isWhole,
  type KnownRelease,
  planSteps,
  type Readiness,
  type RunningRelease,
  type Step,
} from '../../../device-agent/src/plan-steps.ts';
import {
  moduleTreeName,
  releaseIdOf,
  type TargetSnapshot,
} from '../../../device-agent/src/release/release.ts';
import type { Surroundings } from '../../../device-agent/src/surroundings.ts';

/** What happens to a step: it is done, fails before it changed anything, or agent or power go away within it. */
export type Fate =
  | { kind: 'done' }
  | { kind: 'fails' }
  | { kind: 'killed'; after: number; withPower: boolean };

const MAX_TRIALS = 3;

/**
 * A device as the planner sees it, with the executor's effects in the executor's order and nothing real beneath it.
 * A step that may not be done in the state at hand fails the test.
 */
export class ModelDevice {
  /** Releases and trees on disk. */
  readonly disk = new Set<string>();
  current: KnownRelease | null = null;
  previous: KnownRelease | null = null;
  running: RunningRelease | null = null;
  launchedWith: Surroundings | null = null;
  startedWith: string | null = null;
  failed: FailedRelease | null = null;
  trial: { releaseId: string; attempts: number } | null = null;
  restartsDone: number | null = null;
  /** How often a trial of each release was begun. */
  readonly tries = new Map<string, number>();
  starts = 0;
  readonly #known = new Map<string, KnownRelease>();
  readonly #isGood: (snapshot: TargetSnapshot) => boolean;

  constructor(isGood: (snapshot: TargetSnapshot) => boolean) {
    this.#isGood = isGood;
  }

  learn(snapshot: TargetSnapshot): KnownRelease {
    const release = { id: releaseIdOf(snapshot), snapshot };
    this.#known.set(release.id, release);
    return release;
  }

  /** Brings all parts of a release onto the disk. */
  put(release: KnownRelease): void {
    for (const part of partsOf(release)) {
      this.disk.add(part);
    }
  }

  isRunnable(release: KnownRelease | null): boolean {
    return release !== null && isWhole(this.#ready(release));
  }

  #ready(release: KnownRelease): Readiness {
    const [own, nodeRed, modules] = partsOf(release).map((part) => this.disk.has(part));
    return { release: own === true, nodeRed: nodeRed === true, modules: modules ?? true };
  }

  facts(target: DeviceTarget | null): DeviceFacts {
    const nothing = { release: false, nodeRed: false, modules: false };
    const committedReady = this.current === null ? nothing : this.#ready(this.current);
    const needsBefore = !isWhole(committedReady) || this.running?.isBroken === true;
    const canBeUsed = this.previous?.id !== this.current?.id && this.isRunnable(this.previous);
    return {
      committed: this.current,
      committedReady,
      before: needsBefore && canBeUsed ? this.previous : null,
      isUnwanted: false,
      running: this.running,
      launchedWith: this.launchedWith,
      failed: this.failed,
      restartsDone: this.restartsDone,
      developer: NO_DEVELOPER,
      ready: target?.snapshot ? this.#ready(this.learn(target.snapshot)) : nothing,
    };
  }

  plan(target: DeviceTarget | null): Step[] {
    return planSteps(this.facts(target), target);
  }

  /** Does a step, or as much of it as its fate allows. */
  apply(step: Step, fate: Fate): void {
    if (fate.kind === 'fails') {
      return;
    }
    const effects = this.#effects(step);
    const most = fate.kind === 'killed' ? fate.after : Number.POSITIVE_INFINITY;
    let done = 0;
    for (const effect of effects) {
      if (done >= most) {
        break;
      }
      effect();
      done += 1;
    }
    if (fate.kind === 'killed') {
      this.#startAgain(fate.withPower);
    }
  }

  /** The agent comes back: it keeps a process only when that is known to run what was found good. */
  #startAgain(withPower: boolean): void {
    const isGood = this.trial === null && this.running?.releaseId === this.current?.id;
    if (withPower || !isGood) {
      this.running = null;
    }
  }

  *#effects(step: Step): Generator<() => void> {
    switch (step.type) {
      case 'install-node-red':
        yield () => this.disk.add(nodeRedOf(step.snapshot));
        break;
      case 'install-modules':
        yield () =>
          this.disk.add(moduleTreeName(step.snapshot.manifest) ?? assert.fail('there are no modules'));
        break;
      case 'prepare-release':
        yield () => this.disk.add(step.releaseId);
        break;
      case 'try-release':
        yield* this.#try(step);
        break;
      case 'start':
        yield () => this.#start(this.#release(step.releaseId), step.surroundings);
        break;
      case 'return':
        yield* this.#return(step);
        break;
      case 'stop':
        assert.notEqual(this.running, null, 'it stops what does not run');
        yield () => {
          this.running = null;
        };
        break;
      case 'note-restarts':
        yield () => {
          this.restartsDone = step.restarts;
        };
    }
  }

  #release(id: string): KnownRelease {
    return this.#known.get(id) ?? assert.fail(`an unknown release ${id}`);
  }

  #start(release: KnownRelease, surroundings: Surroundings): void {
    assert.equal(this.running, null, 'two Node-RED on one data folder');
    assert.ok(this.isRunnable(release), 'it starts a release that is not whole');
    this.starts += 1;
    this.running = { releaseId: release.id, isHealthy: true, isBroken: false };
    this.launchedWith = surroundings;
    this.startedWith = release.id;
  }

  *#try(step: Extract<Step, { type: 'try-release' }>): Generator<() => void> {
    const release = this.#release(step.releaseId);
    const { failed } = this;
    assert.ok(failed?.releaseId !== release.id || step.retries > failed.retries, 'tries what was given up');
    assert.ok(this.isRunnable(release), 'it tries a release that is not whole');
    const attempts = this.trial?.releaseId === release.id ? this.trial.attempts + 1 : 1;
    if (attempts > MAX_TRIALS) {
      yield* this.#giveUp(step);
      return;
    }
    yield () => {
      this.trial = { releaseId: release.id, attempts };
      this.tries.set(release.id, (this.tries.get(release.id) ?? 0) + 1);
    };
    if (step.how === 'start') {
      yield () => {
        this.running = null;
      };
      yield () => this.#start(release, step.surroundings);
    } else {
      assert.notEqual(this.running, null, 'it loads flows into nothing');
      yield () => {
        this.running = { releaseId: release.id, isHealthy: true, isBroken: false };
      };
    }
    yield* this.#isGood(release.snapshot) ? this.#commit(release) : this.#giveUp(step);
  }

  *#return({ from, to, retries }: Extract<Step, { type: 'return' }>): Generator<() => void> {
    assert.ok(this.isRunnable(to), 'it returns to a release that is not whole');
    yield () => {
      this.failed = { releaseId: from.id, snapshotId: from.snapshot.id, retries, reason: 'it crashes' };
    };
    yield () => {
      this.current = to;
    };
    yield () => {
      this.previous = null;
    };
  }

  *#giveUp({ releaseId, snapshot, retries }: Extract<Step, { type: 'try-release' }>): Generator<() => void> {
    yield () => {
      this.failed = { releaseId, snapshotId: snapshot.id, retries, reason: 'it is bad' };
    };
    yield () => {
      this.trial = null;
    };
    yield () => {
      this.running = null;
    };
  }

  *#commit(release: KnownRelease): Generator<() => void> {
    const before = this.current;
    yield () => {
      this.previous = before !== null && before.id !== release.id ? before : this.previous;
    };
    yield () => {
      this.current = release;
    };
    yield () => {
      this.trial = null;
    };
    yield () => {
      this.failed = null;
    };
    yield () => {
      const kept = [release.id, before?.id, this.startedWith].flatMap((id) =>
        id == null ? [] : partsOf(this.#release(id)),
      );
      for (const part of [...this.disk].filter((name) => !kept.includes(name))) {
        this.disk.delete(part);
      }
    };
  }
}

function nodeRedOf(snapshot: TargetSnapshot): string {
  return `node-red-${snapshot.manifest.nodeRed}`;
}

function partsOf(release: KnownRelease): string[] {
  const modules = moduleTreeName(release.snapshot.manifest);
  return [release.id, nodeRedOf(release.snapshot), ...(modules === null ? [] : [modules])];
}
