import assert from 'node:assert/strict';
import type { DeviceTarget } from '@flowyard/protocol';
import { type DeveloperFacts, NO_DEVELOPER } from '../../../device-agent/src/developer/plan-developer.ts';
import { emptySnapshot, WORKSPACE } from '../../../device-agent/src/developer/workspace.ts';
import { whyNotOpen } from '../../../device-agent/src/emergency/emergency-editor.ts';
import { isEmergency } from '../../../device-agent/src/emergency/plan-emergency.ts';
import {
  type DeviceFacts,
  type FailedRelease,
  isWhole,
  type KnownRelease,
  planSteps,
  type Readiness,
  type RunningRelease,
  type Step,
  standIn,
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
const NOTHING: Readiness = { release: false, nodeRed: false, modules: false };

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
  /** What its flows hold while they run. */
  hold: DeviceFacts['hold'] = null;
  /** What people edit began with it; null while there is nothing that they edit. */
  workspace: TargetSnapshot | null = null;
  isEdited = false;
  /** The emergency editor as the journal has it. */
  emergency: { isOver: boolean } | null = null;
  /** How often edits were set aside. */
  keptAside = 0;
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
    const committed = this.current;
    const committedReady = committed === null ? NOTHING : this.#ready(committed);
    const needsBefore = !isWhole(committedReady) || this.running?.isBroken === true;
    const canBeUsed = this.previous?.id !== this.current?.id && this.isRunnable(this.previous);
    const before = needsBefore && canBeUsed ? this.previous : null;
    return {
      committed,
      committedReady,
      before,
      isUnwanted: false,
      running: this.running,
      hold: this.running === null ? null : this.hold,
      launchedWith: this.launchedWith,
      failed: this.failed,
      restartsDone: this.restartsDone,
      developer: this.#developer(target, standIn({ committed, committedReady, before }) ?? committed),
      emergency: this.emergency && { ...this.emergency, until: 0 },
      ready: target?.snapshot ? this.#ready(this.learn(target.snapshot)) : NOTHING,
    };
  }

  #developer(target: DeviceTarget | null, toEdit: KnownRelease | null): DeveloperFacts {
    const hasWorkspace = this.workspace !== null;
    const emergency = this.emergency && { ...this.emergency, until: 0 };
    if (target?.mode !== 'developer' && !isEmergency(emergency, target)) {
      return { ...NO_DEVELOPER, hasWorkspace };
    }
    const base = this.workspace ?? toEdit?.snapshot ?? emptyOf(target);
    return { hasWorkspace, base, ready: base === null ? NOTHING : this.#ready(this.learn(base)) };
  }

  /** Somebody at the machine opens the emergency editor, where the agent lets them. */
  open(target: DeviceTarget | null): void {
    if (whyNotOpen(target, this.facts(target)) === null) {
      this.emergency = { isOver: false };
    }
  }

  /** Somebody ends it, or its time is over. */
  close(): void {
    this.emergency = this.emergency && { isOver: true };
  }

  /** Somebody deploys in the editor. */
  edit(): void {
    this.isEdited ||= this.running?.releaseId === WORKSPACE;
  }

  #setAside(): void {
    assert.notEqual(this.running?.releaseId, WORKSPACE, 'it sets aside what runs');
    this.keptAside += this.isEdited ? 1 : 0;
    this.workspace = null;
    this.isEdited = false;
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
    const isEdited = this.running?.releaseId === WORKSPACE && this.workspace !== null;
    const isGood = isEdited || (this.trial === null && this.running?.releaseId === this.current?.id);
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
        break;
      case 'prepare-workspace':
        assert.equal(this.workspace, null, 'it begins anew with what people edit');
        assert.ok(step.base.id === WORKSPACE || this.isRunnable(this.learn(step.base)), 'nothing to copy');
        yield () => {
          this.workspace = step.base;
        };
        break;
      case 'start-workspace':
        yield () => this.#startWorkspace(step.surroundings);
        break;
      case 'set-workspace-aside':
        yield () => this.#setAside();
        break;
      case 'end-emergency':
        yield () => this.#setAside();
        yield () => {
          this.emergency = null;
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

  #startWorkspace(surroundings: Surroundings): void {
    assert.equal(this.running, null, 'two Node-RED on one data folder');
    assert.notEqual(this.workspace, null, 'there is nothing to edit');
    this.starts += 1;
    this.running = { releaseId: WORKSPACE, isHealthy: true, isBroken: false };
    this.launchedWith = surroundings;
    this.startedWith = null;
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
    }
    if (step.restarts !== null) {
      yield () => {
        this.restartsDone = step.restarts;
      };
    }
    if (step.how === 'start') {
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

/** Where a device without any release begins in developer mode. */
function emptyOf(target: DeviceTarget | null): TargetSnapshot | null {
  return target?.developer == null ? null : emptySnapshot(target.developer.nodeRed);
}

function nodeRedOf(snapshot: TargetSnapshot): string {
  return `node-red-${snapshot.manifest.nodeRed}`;
}

function partsOf(release: KnownRelease): string[] {
  const modules = moduleTreeName(release.snapshot.manifest);
  return [release.id, nodeRedOf(release.snapshot), ...(modules === null ? [] : [modules])];
}
