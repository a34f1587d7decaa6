import { setTimeout as delay } from 'node:timers/promises';
import { HoldPatience } from '@flowyard/launcher';
import { type DeviceCurrent, type DeviceTarget, holdWords } from '@flowyard/protocol';
import { GO_BACK, LAUNCH, TARGET, TRIAL } from './agent-journal.ts';
import type { DamageWatch } from './damage-watch.ts';
import { describeCurrent, type Phase } from './describe-current.ts';
import { type EmergencyEditor, whyNotOpen } from './emergency/emergency-editor.ts';
import type { Executor } from './executor.ts';
import { ReleaseError } from './executor.ts';
import type { FactsReader } from './facts-reader.ts';
import { diskFault } from './files/disk.ts';
import type { Journal } from './files/journal.ts';
import { backoffDelay, UNREACHABLE } from './link/backoff.ts';
import type { NodeRedRunner } from './node-red-runner.ts';
import {
  type DeviceFacts,
  type KnownRelease,
  planMeanwhile,
  planSteps,
  type Step,
  standIn,
} from './plan-steps.ts';
import { NpmError } from './release/npm-failure.ts';
import { releaseIdOf } from './release/release.ts';

export interface AgentOptions {
  journal: Journal;
  facts: FactsReader;
  damage: DamageWatch;
  executor: Executor;
  runner: NodeRedRunner;
  emergency: EmergencyEditor;
  /** Whether what people edit in developer mode differs from what it began with. */
  isEdited: () => boolean;
  onCurrent: (current: DeviceCurrent) => void;
  log: (level: 'info' | 'warn' | 'error', text: string) => void;
}

/** After a failure that is final there is something else to do at once, unless that fails as well. */
const QUICK_FAILURES = 3;

/** A failure after which the same may be tried again, as when the network is away. */
function isTransient(error: unknown): boolean {
  return !(error instanceof ReleaseError) && !(error instanceof NpmError && error.kind === 'permanent');
}

function words(error: unknown): string {
  return diskFault(error) ?? (error instanceof Error ? error.message : String(error));
}

/**
 * The loop of the agent: look at what is true, plan, do, and look again; wait when there is nothing to do. A new
 * target interrupts the preparation of an older one, but never the switch from one release to another.
 */
export class Agent {
  readonly #options: AgentOptions;
  readonly #stopping = new AbortController();
  #target: DeviceTarget | null = null;
  #facts: DeviceFacts | null = null;
  #phase: Phase | null = null;
  #notice: string | null = null;
  #failures = 0;
  #wake = new AbortController();
  /** Ends a wait only: what is being done goes on. */
  #nudge = new AbortController();
  #said = '';
  readonly #patience = new HoldPatience();
  #holdSeen = 'null';
  #loop: Promise<void> | null = null;
  #taking: Promise<void> = Promise.resolve();

  constructor(options: AgentOptions) {
    this.#options = options;
  }

  get current(): DeviceCurrent {
    return describeCurrent({
      target: this.#target,
      facts: this.#facts,
      runtime: this.#options.runner.view(),
      phase: this.#phase,
      isEdited: this.#options.isEdited(),
      notice:
        [this.#notice, this.#options.journal.problem].filter((text) => text !== null).join('\n\n') || null,
    });
  }

  get target(): DeviceTarget | null {
    return this.#target;
  }

  /** Takes up what the agent knew when it ended, with what still runs, and goes on from there. */
  async start(): Promise<void> {
    const { journal, runner, facts, emergency } = this.#options;
    this.#target = await journal.read(TARGET);
    await emergency.takeUp();
    const launch = await journal.read(LAUNCH);
    // What was on trial when the agent went away is not known to be good.
    const launched = launch && (await facts.launched(launch, this.#target));
    await runner.adopt(launched && launch, launched);
    await this.#finishTrial((await facts.committed(this.#target))?.id ?? null);
    await this.#look(this.#target);
    this.#loop = this.#run();
  }

  /** A trial of what was found good has ended, and only that was not noted yet. */
  async #finishTrial(committed: string | null): Promise<void> {
    const { journal } = this.#options;
    if ((await journal.read(TRIAL))?.releaseId === committed) {
      await journal.remove(TRIAL);
    }
  }

  /** A new target from the control plane. They are taken one after the other, so that the last one stays. */
  setTarget(target: DeviceTarget): Promise<void> {
    const taken = this.#taking.then(() => this.#take(target));
    this.#taking = taken.catch(() => {});
    return taken;
  }

  async #take(target: DeviceTarget): Promise<void> {
    if (JSON.stringify(target) === JSON.stringify(this.#target)) {
      return;
    }
    await this.#options.journal.write(TARGET, target);
    this.#target = target;
    this.#notice = null;
    this.#failures = 0;
    this.changed();
    this.#wake.abort();
  }

  /** The release that was found good, and the one before it if all of it is there. */
  async releases(): Promise<{ committed: KnownRelease | null; before: KnownRelease | null }> {
    const { facts } = this.#options;
    const committed = await facts.committed(this.#target);
    return { committed, before: await facts.before(committed) };
  }

  /**
   * Somebody at the machine wants the release before this one. It stays until there is another target, or the update
   * is tried again.
   * @returns why that cannot be, null when it is under way
   */
  async rollBack(): Promise<string | null> {
    const target = this.#target;
    const { committed, before } = await this.releases();
    if (target?.mode === 'developer') {
      return 'The device is in developer mode: what people edit runs.';
    }
    if (this.#options.emergency.facts !== null) {
      return 'The emergency editor is open: end it first.';
    }
    if (committed === null || before === null) {
      return 'There is no release before this one.';
    }
    if (target?.snapshot == null || releaseIdOf(target.snapshot) !== committed.id) {
      return 'The device does not run its target: it went back already, or an update is under way.';
    }
    await this.#options.journal.write(GO_BACK, { releaseId: committed.id });
    this.#nudge.abort();
    return null;
  }

  /**
   * Somebody at the machine wants to edit what runs, for a time, or to go on with it.
   * @returns why that cannot be, null when it is under way
   */
  async openEmergencyEditor(): Promise<string | null> {
    const { emergency } = this.#options;
    const problem = whyNotOpen(this.#target, this.#facts);
    if (problem !== null) {
      return problem;
    }
    const isProlonged = emergency.facts !== null;
    await emergency.open();
    if (isProlonged) {
      this.nudge();
      return null;
    }
    this.#notice = null;
    this.#failures = 0;
    this.#wake.abort();
    return null;
  }

  /** What was edited is set aside, and the target runs again. */
  async endEmergencyEditor(): Promise<void> {
    await this.#options.emergency.end();
    this.#wake.abort();
  }

  /** There is something new to look at; what is being done goes on. */
  nudge(): void {
    this.#nudge.abort();
  }

  setPhase(phase: Phase | null): void {
    this.#phase = phase;
    this.changed();
  }

  /** Something of which `current` is made may have changed. */
  changed(): void {
    if (this.#facts === null) {
      // What runs is taken up, and what it belongs to is not known yet.
      return;
    }
    const { current } = this;
    const hold = JSON.stringify(current.flow.hold);
    if (hold !== this.#holdSeen) {
      this.#holdSeen = hold;
      this.#nudge.abort();
    }
    if (this.#options.damage.mayBe(this.#options.runner.view())) {
      this.#nudge.abort();
    }
    const said = JSON.stringify(current);
    if (said !== this.#said) {
      this.#said = said;
      this.#options.onCurrent(current);
    }
  }

  /** The control plane is there again, and then perhaps all else that could not be reached. */
  connected(): void {
    this.#options.damage.forgetExcuses();
    this.#nudge.abort();
  }

  /** Ends the loop and then Node-RED. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wake.abort();
    await this.#loop;
    await this.#options.runner.stop();
  }

  async #look(target: DeviceTarget | null): Promise<DeviceFacts> {
    this.#facts = await this.#options.facts.read(target);
    this.changed();
    return this.#facts;
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      this.#wake = new AbortController();
      this.#nudge = new AbortController();
      const target = this.#target;
      let step: Step | undefined;
      try {
        await this.#options.journal.catchUp();
        await this.#options.damage.inspect();
        const facts = await this.#look(target);
        [step] = planSteps({ ...facts, hold: this.#patience.of(facts.hold) }, target);
        if (step?.type === 'wait') {
          this.setPhase({ step: holdWords(step.hold), progress: null });
          await this.#sleep(this.#patience.waits());
          continue;
        }
        this.#patience.goesOn();
        if (step === undefined) {
          this.setPhase(null);
          await this.#sleep(null);
        } else {
          await this.#do(step);
        }
      } catch (error) {
        await this.#recover(error, target, step).catch((failure: unknown) => this.#wait(failure));
      }
    }
  }

  async #do(step: Step): Promise<void> {
    this.#options.log('info', `step: ${step.type}`);
    await this.#options.executor.run(step, { newerTarget: this.#wake.signal, end: this.#stopping.signal });
    this.#notice = null;
    this.#failures = 0;
  }

  async #recover(error: unknown, target: DeviceTarget | null, step: Step | undefined): Promise<void> {
    if (this.#wake.signal.aborted || this.#stopping.signal.aborted) {
      return;
    }
    this.#options.log('warn', words(error));
    await this.#giveUp(error, target);
    await this.#look(target);
    if (
      step !== undefined &&
      this.#facts !== null &&
      standIn(this.#facts) === null &&
      this.#options.damage.excuse()
    ) {
      // What is damaged cannot be had anew: better the damaged one than nothing.
      return;
    }
    this.#failures += 1;
    if (!isTransient(error) && this.#failures <= QUICK_FAILURES) {
      return;
    }
    await this.#runMeanwhile(target).catch((failure: Error) => this.#options.log('warn', words(failure)));
    await this.#wait(error);
  }

  async #wait(error: unknown): Promise<void> {
    this.#notice = `${words(error)} It is tried again by itself.`;
    this.setPhase(null);
    await this.#sleep(backoffDelay(Math.max(this.#failures, 1), UNREACHABLE));
  }

  async #runMeanwhile(target: DeviceTarget | null): Promise<void> {
    for (const step of planMeanwhile(await this.#look(target), target)) {
      await this.#options.executor.run(step, { newerTarget: this.#wake.signal, end: this.#stopping.signal });
    }
  }

  /** What is not to be had at all is not tried again; of the committed release it is, for the device has no other. */
  async #giveUp(error: unknown, target: DeviceTarget | null): Promise<void> {
    if (error instanceof NpmError && error.kind === 'permanent' && target?.snapshot) {
      const { snapshot, retries } = target;
      const releaseId = releaseIdOf(snapshot);
      if (releaseId !== this.#facts?.committed?.id) {
        await this.#options.executor.giveUp({ releaseId, snapshot, retries }, error.message);
      }
    }
  }

  /** Waits for a new target, for something to look at, or for a time. */
  async #sleep(ms: number | null): Promise<void> {
    const signal = AbortSignal.any([this.#wake.signal, this.#nudge.signal, this.#stopping.signal]);
    await delay(ms ?? 2 ** 31 - 1, undefined, { signal }).catch(() => {});
  }
}
