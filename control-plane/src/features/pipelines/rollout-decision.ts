import {
  type DeploymentState,
  type DeploymentTargetState,
  LONGEST_HOLD_MS,
  type RolloutPolicy,
} from '@flowyard/protocol';
import type { Awaited } from './report-watch.ts';
import {
  judgeReturning,
  judgeTarget,
  judgeUntold,
  problemAfter,
  type TargetFacts,
} from './rollout-machine.ts';
import { endOf, haltOf, inWords } from './rollout-words.ts';

export interface RunTarget {
  targetId: string;
  name: string;
  wave: number;
  state: DeploymentTargetState;
  reason: string | null;
  /** In milliseconds; null: it was not told. */
  toldAt: number | null;
  /** When its state or reason last became another one. */
  changedAt: number | null;
}

/** A deployment as it is decided on: times are in milliseconds. */
export interface Run {
  state: DeploymentState;
  message: string | null;
  returning: boolean;
  wave: number;
  /** Since when all targets of the wave are through; null while they are not. */
  waveDoneAt: number | null;
  waitsUntil: number | null;
  /** Failures from before somebody resumed it: they do not count any more. */
  forgiven: number;
  startAt: number | null;
  policy: RolloutPolicy;
  targets: readonly RunTarget[];
}

export type ChangedTarget = Pick<RunTarget, 'targetId' | 'state' | 'reason'>;

export interface Decision {
  run: Run;
  /** Targets whose state or reason is another one now. */
  changed: ChangedTarget[];
  /** Targets that are told now, to run the snapshot. */
  tell: string[];
  /** Targets that are to fall back to what was wanted there before. */
  untell: string[];
  /** Whether all targets are to go back from now on. */
  turnsBack: boolean;
  /** What is written down, in words. */
  steps: string[];
}

/** Of a wave so many are looked at beyond those that may be told at once: some of them may be passed over. */
const SPARE = 50;

const isThrough = ({ state }: Pick<RunTarget, 'state'>) => state !== 'waiting' && state !== 'updating';

/** Whether it is in a state in which the runner may act on it. */
const isCarriedOn = (state: DeploymentState) =>
  state === 'waiting' || state === 'running' || state === 'paused' || state === 'halted';

/** The targets of which facts are wanted before the next decision. */
export function toLookAt(run: Run): string[] {
  const ids = run.targets.filter(({ state }) => state === 'updating').map(({ targetId }) => targetId);
  if (run.returning) {
    return ids;
  }
  const inWave = run.targets.filter(({ wave }) => wave === run.wave);
  const watched = inWave.filter(({ state }) => run.waveDoneAt !== null && state === 'succeeded');
  const next =
    run.state === 'waiting' || run.state === 'running'
      ? inWave.filter(({ state }) => state === 'waiting')
      : [];
  const most = run.policy.concurrency === null ? next.length : run.policy.concurrency + SPARE;
  return [...ids, ...[...watched, ...next.slice(0, most)].map(({ targetId }) => targetId)];
}

/** What takes a run further. */
export function awaitedIn(run: Run): Awaited {
  const told = run.targets.filter(({ state }) => state === 'updating');
  const watched = run.targets.filter(
    ({ state, wave }) => state === 'succeeded' && wave === run.wave && run.waveDoneAt !== null,
  );
  const idsOf = (targets: readonly RunTarget[]) => targets.map(({ targetId }) => targetId);
  return {
    told: idsOf(told),
    watched: idsOf(watched),
    tellsMeanwhile: run.policy.concurrency !== null,
    until: run.state === 'waiting' ? run.waitsUntil : run.waveDoneAt && checkedAt(run.waveDoneAt, run.policy),
  };
}

/** When a wave has run well for long enough. */
const checkedAt = (doneAt: number, { healthSeconds }: RolloutPolicy) => doneAt + healthSeconds * 1000;

/** What is next in a run, from how its targets are; the same run and facts always give the same. */
export function decide(run: Run, facts: ReadonlyMap<string, TargetFacts>, now: number): Decision {
  if (!isCarriedOn(run.state)) {
    return { run, changed: [], tell: [], untell: [], turnsBack: false, steps: [] };
  }
  return new Deciding(run, facts, now).decide();
}

class Deciding {
  readonly #facts: ReadonlyMap<string, TargetFacts>;
  readonly #now: number;
  readonly #targets: RunTarget[];
  readonly #before: readonly RunTarget[];
  readonly #tell: string[] = [];
  readonly #untell: string[] = [];
  readonly #steps: string[] = [];
  #turnsBack = false;
  #run: Run;

  constructor(run: Run, facts: ReadonlyMap<string, TargetFacts>, now: number) {
    this.#run = run;
    this.#facts = facts;
    this.#now = now;
    this.#before = run.targets;
    this.#targets = run.targets.map((target) => ({ ...target }));
  }

  decide(): Decision {
    this.#judge();
    if (this.#run.returning) {
      this.#followReturn();
    } else {
      this.#mindBudget();
      this.#goOn();
    }
    const changed = this.#targets.filter((target, index) => {
      const before = this.#before[index];
      return target.state !== before?.state || target.reason !== before.reason;
    });
    return {
      run: { ...this.#run, targets: this.#targets },
      changed: changed.map(({ targetId, state, reason }) => ({ targetId, state, reason })),
      tell: this.#tell,
      untell: this.#untell,
      turnsBack: this.#turnsBack,
      steps: this.#steps,
    };
  }

  /** Looks at those that were told, and at those of the wave that must go on running well. */
  #judge(): void {
    const { returning, wave, waveDoneAt } = this.#run;
    for (const target of this.#targets) {
      const found = this.#facts.get(target.targetId);
      if (found === undefined) {
        continue;
      }
      const facts = boundedHold(found, this.#now - (target.toldAt ?? this.#now));
      if (target.state === 'updating') {
        const forMs = busyForMs(target, this.#now);
        const verdict = returning ? judgeReturning(facts, forMs) : judgeTarget(facts, forMs);
        Object.assign(target, verdict);
        if (verdict.state === 'skipped' && !returning) {
          this.#untell.push(target.targetId);
        }
      } else if (target.state === 'succeeded' && target.wave === wave && waveDoneAt !== null) {
        this.#judgeHealth(target, facts);
      }
    }
  }

  #judgeHealth(target: RunTarget, facts: TargetFacts): void {
    const problem = problemAfter(facts);
    if (problem !== null) {
      target.state = 'failed';
      target.reason = `It ran the snapshot, and failed after that: ${problem}`;
    }
  }

  #followReturn(): void {
    if (this.#targets.some(({ state }) => state === 'updating')) {
      return;
    }
    const back = this.#targets.filter(({ state }) => state === 'returned').length;
    this.#run = { ...this.#run, state: 'rolled-back', waitsUntil: null };
    this.#steps.push(`${inWords(back, 'target')} ran again what they ran before.`);
  }

  /** Halts a run of which too many targets failed. */
  #mindBudget(): void {
    const reason = haltOf(this.#run, this.#targets);
    if (reason !== null && this.#run.state !== 'halted') {
      this.#steps.push(reason);
      if (this.#run.policy.onHalt === 'return') {
        this.#turnBack(reason);
        return;
      }
      this.#run = { ...this.#run, state: 'halted', message: reason, waitsUntil: null };
    }
    if (this.#run.state === 'halted') {
      const failed = this.#targets.filter(({ state }) => state === 'failed');
      const known = new Set(
        reason !== null && this.#steps.length > 0
          ? []
          : this.#before.filter(({ state }) => state === 'failed').map(({ targetId }) => targetId),
      );
      this.#untell.push(...failed.map(({ targetId }) => targetId).filter((id) => !known.has(id)));
    }
  }

  #turnBack(message: string): void {
    this.#run = {
      ...this.#run,
      state: 'running',
      returning: true,
      message,
      waveDoneAt: null,
      waitsUntil: null,
    };
    this.#turnsBack = true;
    for (const target of this.#targets) {
      turnBack(target, this.#now);
    }
  }

  /** Tells who is to be told now, wave by wave. */
  #goOn(): void {
    if (this.#run.returning || this.#run.state === 'halted') {
      return;
    }
    if (this.#run.state === 'paused') {
      this.#endIfThrough();
      return;
    }
    const { startAt } = this.#run;
    if (startAt !== null && this.#now < startAt && this.#targets.every(({ toldAt }) => toldAt === null)) {
      this.#run = { ...this.#run, state: 'waiting', waitsUntil: startAt };
      return;
    }
    this.#run = { ...this.#run, state: 'running', waitsUntil: null };
    this.#tellThoseOfWave();
    while (this.#isWaveThrough() && this.#nextWave()) {
      this.#tellThoseOfWave();
    }
    this.#waitForWindow();
    this.#endIfThrough();
  }

  #inWave(): RunTarget[] {
    return this.#targets.filter(({ wave }) => wave === this.#run.wave);
  }

  #isWaveThrough(): boolean {
    return this.#inWave().every(isThrough);
  }

  #tellThoseOfWave(): void {
    let updating = this.#targets.filter(({ state }) => state === 'updating').length;
    const most = this.#run.policy.concurrency ?? Number.POSITIVE_INFINITY;
    for (const target of this.#inWave()) {
      const facts = this.#facts.get(target.targetId);
      if (target.state !== 'waiting' || facts === undefined) {
        continue;
      }
      const verdict = judgeUntold(facts);
      if (verdict !== null) {
        Object.assign(target, verdict);
      } else if (facts.kind !== 'gone' && facts.opensAt !== null) {
        target.reason = `Its maintenance window opens at ${new Date(facts.opensAt).toISOString()}.`;
        continue;
      }
      if (verdict === null) {
        target.reason = null;
      }
      if (verdict === null && updating < most) {
        if (this.#targets.every(({ toldAt }) => toldAt === null)) {
          this.#steps.push(`It begins with ${inWords(this.#inWave().length, 'target')}.`);
        }
        Object.assign(target, { state: 'updating', toldAt: this.#now });
        this.#tell.push(target.targetId);
        updating += 1;
      }
    }
  }

  /** Goes on to the next wave once this one has run well for long enough; false when it does not. */
  #nextWave(): boolean {
    const { wave, waveDoneAt, policy } = this.#run;
    if (!this.#targets.some((target) => target.wave > wave)) {
      return false;
    }
    // Of a wave of which nobody was told there is nothing to watch.
    const watches = this.#inWave().some(({ state }) => state === 'succeeded');
    const doneAt = waveDoneAt ?? this.#now;
    if (waveDoneAt === null) {
      this.#steps.push(`Wave ${wave + 1} is through.`);
    }
    const isChecked = this.#now >= checkedAt(doneAt, policy) && !this.#inWave().some(this.#isAway);
    if (watches && !isChecked) {
      this.#run = { ...this.#run, waveDoneAt: doneAt };
      return false;
    }
    this.#run = { ...this.#run, wave: wave + 1, waveDoneAt: null };
    this.#steps.push(`Wave ${wave + 2} begins with ${inWords(this.#inWave().length, 'target')}.`);
    return true;
  }

  /** Whether it ran the snapshot and went offline: it may be back in a moment, or count as failed. */
  readonly #isAway = ({ targetId, state }: RunTarget): boolean => {
    const facts = this.#facts.get(targetId);
    return state === 'succeeded' && facts?.kind === 'device' && !facts.online;
  };

  /** Waits when nobody is under way, and those who are next are outside their windows. */
  #waitForWindow(): void {
    const waiting = this.#inWave().filter(({ state }) => state === 'waiting');
    if (waiting.length === 0 || this.#targets.some(({ state }) => state === 'updating')) {
      return;
    }
    const openings = waiting.map(({ targetId }) => {
      const facts = this.#facts.get(targetId);
      return facts === undefined || facts.kind === 'gone' ? null : facts.opensAt;
    });
    const times = openings.filter((opensAt) => opensAt !== null);
    if (times.length > 0) {
      this.#run = { ...this.#run, state: 'waiting', waitsUntil: Math.min(...times) };
    }
  }

  #endIfThrough(): void {
    if (this.#targets.every(isThrough)) {
      const end = endOf(this.#run.policy, this.#targets);
      this.#run = { ...this.#run, ...end, waitsUntil: null };
    }
  }
}

/** For how long a target has been at it by itself: what flows hold has not begun. */
function busyForMs({ reason, changedAt, toldAt }: RunTarget, now: number): number {
  // While it is updating it has a reason only when flows hold it.
  return reason === null ? now - (changedAt ?? toldAt ?? now) : 0;
}

/** Whoever runs the flows waits no longer than this; what it says of a hold after that is not waited for. */
function boundedHold(facts: TargetFacts, toldForMs: number): TargetFacts {
  return facts.kind === 'gone' || toldForMs <= LONGEST_HOLD_MS ? facts : { ...facts, held: null };
}

/** Those that were told go back; those that were not stay as they are. */
export function turnBack(target: RunTarget, now: number): void {
  if (target.toldAt !== null) {
    Object.assign(target, { state: 'updating', reason: null, toldAt: now });
  } else if (target.state === 'waiting') {
    Object.assign(target, {
      state: 'skipped',
      reason: 'The deployment was rolled back before its turn came.',
    });
  }
}
