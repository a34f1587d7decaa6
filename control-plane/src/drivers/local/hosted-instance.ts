import { HoldPatience, type LaunchPlan, NodeRedSupervisor, type SupervisorOwner } from '@flowyard/launcher';
import { holdWords } from '@flowyard/protocol';
import type { InstanceTarget } from '../driver.ts';
import type { HostedInstanceContext } from './instance-context.ts';
import { prepareLaunch } from './instance-launch.ts';
import { InstanceReporter } from './instance-reporter.ts';
import { bindingOf, needsOwnProcess } from './launch.ts';
import { ModuleInstaller } from './module-installer.ts';
import { type InstanceStep, planInstance } from './plan-instance.ts';

const RETRY_MS = 2000;
const NO_TARGET_RETRY_MS = 15_000;

/** One hosted instance: makes its target true, one step after the other. */
export class HostedInstance {
  readonly #id: string;
  readonly #context: HostedInstanceContext;
  readonly #modules: ModuleInstaller;
  readonly #reporter: InstanceReporter;
  readonly #patience = new HoldPatience();
  #supervisor: NodeRedSupervisor | undefined;
  #folder: string | null = null;
  #target: InstanceTarget | null = null;
  #startedFor: number | null = null;
  #working: Promise<void> | undefined;
  #again = false;
  #leaveGate: () => void = () => {};
  /** The process that is under its limits. */
  #limitedPid: number | null = null;
  #disposed = false;
  /** Looks again when the flows have held an update for too long. */
  #patienceEnds: NodeJS.Timeout | undefined;

  constructor(id: string, context: HostedInstanceContext) {
    this.#id = id;
    this.#context = context;
    this.#modules = new ModuleInstaller(context, () => this.#report());
    this.#reporter = new InstanceReporter(id, context.host);
  }

  get folder(): string | null {
    return this.#folder;
  }

  /** False while its target cannot be read, and with it its folder. */
  get isKnown(): boolean {
    return this.#target !== null;
  }

  get isStarting(): boolean {
    return this.#supervisor?.status.state === 'starting';
  }

  address(): { host: string; port: number } | null {
    const status = this.#supervisor?.status;
    return status?.port && status.state !== 'stopping' ? { host: '127.0.0.1', port: status.port } : null;
  }

  countNodes(seconds: number): boolean {
    return this.#supervisor?.count(seconds) ?? false;
  }

  /** Reads the target and takes the next step. What is asked while a step is under way is done after it. */
  reconcile(): Promise<void> {
    this.#again = true;
    this.#working ??= this.#work();
    return this.#working;
  }

  /** Ends the process; the target is not asked. */
  async stop(): Promise<void> {
    this.#disposed = true;
    clearTimeout(this.#patienceEnds);
    this.#modules.giveUpUnwanted(null);
    await this.#supervisor?.stop();
    this.#supervisor?.dispose();
  }

  /** Lets the process go on without us. */
  release(): void {
    this.#disposed = true;
    clearTimeout(this.#patienceEnds);
    this.#modules.giveUpUnwanted(null);
    this.#supervisor?.dispose();
  }

  async #work(): Promise<void> {
    while (this.#again && !this.#disposed) {
      this.#again = false;
      try {
        await this.#step();
      } catch (error) {
        if (this.#disposed) {
          break;
        }
        this.#context.logger.error(
          { err: error, instanceId: this.#id },
          'an instance could not be reconciled',
        );
        this.#tryLater();
        break;
      }
    }
    // At once, so that nothing that is asked between the last look and the end of the work is forgotten.
    this.#working = undefined;
  }

  #tryLater(afterMs: number = RETRY_MS): void {
    setTimeout(() => void this.reconcile(), afterMs).unref();
  }

  async #step(): Promise<void> {
    const target = await this.#context.host.readTarget(this.#id);
    if (target && !this.#disposed) {
      await this.#modules.learn(target);
    }
    if (this.#disposed) {
      return;
    }
    this.#target = target;
    this.#folder = target?.folder ?? this.#folder;
    this.#modules.giveUpUnwanted(target);
    this.#supervise(target);
    const step = this.#plan(target);
    if (step === 'remove') {
      await this.#removeUnlessListed();
    } else if (target) {
      await this.#take(step, target);
    }
  }

  #plan(target: InstanceTarget | null): InstanceStep {
    const status = this.#supervisor?.status;
    return planInstance(target, {
      status: status?.state ?? 'stopped',
      flowsRevision: status?.flowsRevision ?? null,
      startedFor: status?.generation ?? this.#startedFor,
      hold: this.#patience.of(status?.flow.hold ?? null),
      needsOtherModules:
        target !== null && (this.#modules.changed || this.#modules.lacks(this.#folder, target)),
    });
  }

  async #take(step: InstanceStep, target: InstanceTarget): Promise<void> {
    if (step !== 'wait') {
      clearTimeout(this.#patienceEnds);
      this.#patience.goesOn();
    }
    switch (step) {
      case 'wait':
        this.#wait(target);
        break;
      case 'start':
        await this.#start(target);
        break;
      case 'restart':
        this.#restart(target);
        break;
      case 'reload':
        if (!this.#supervisor?.reload(target.flowsRevision)) {
          this.#tryLater();
        }
        break;
      case 'stop':
        await this.#supervisor?.stop();
        this.#report();
        break;
      case 'nothing':
        this.#report();
        break;
    }
  }

  /** Until the flows let updates in. What is to be installed is, meanwhile. */
  #wait(target: InstanceTarget): void {
    clearTimeout(this.#patienceEnds);
    this.#patienceEnds = setTimeout(() => void this.reconcile(), this.#patience.waits());
    this.#patienceEnds.unref();
    if (this.#folder !== null && this.#modules.lacks(this.#folder, target)) {
      this.#modules.installAhead(this.#folder, target, () => void this.reconcile());
    }
    this.#report();
  }

  /** Modules are installed while the old flows run. */
  #restart(target: InstanceTarget): void {
    if (this.#folder !== null && this.#modules.lacks(this.#folder, target)) {
      this.#modules.installAhead(this.#folder, target, () => void this.reconcile());
      return;
    }
    this.#startedFor = target.restarts;
    this.#supervisor?.restart();
  }

  /** The supervisor of its folder, as soon as it has one. Also for a stopped instance: a process may still run there. */
  #supervise(target: InstanceTarget | null): NodeRedSupervisor | undefined {
    if (!this.#supervisor && this.#folder !== null && target) {
      this.#context.folders.endPooledProcess(this.#folder);
      this.#supervisor = new NodeRedSupervisor({
        ...this.#owner(target),
        hub: this.#context.hub,
        dataFolder: this.#context.folders.path(this.#folder),
        logFile: this.#context.folders.logFile(this.#folder),
      });
      if (target.desired !== 'running') {
        // Not asked to run, but it may since before our start.
        void this.#supervisor.stop();
      }
    }
    return this.#supervisor;
  }

  async #start(target: InstanceTarget): Promise<void> {
    this.#startedFor = target.restarts;
    // A warm process has looked for its modules already.
    const mayClaim =
      this.#folder === null && Object.keys(target.modules).length === 0 && !needsOwnProcess(target.settings);
    if (mayClaim && (await this.#claim(target))) {
      return;
    }
    if (this.#folder === null) {
      const folder = this.#context.folders.make();
      await this.#context.host.saveFolder(this.#id, folder);
      this.#folder = folder;
    }
    if (!this.#disposed) {
      this.#supervise(target)?.start();
    }
  }

  /** Takes a warm process, if there is one: it is running already and only has to be told whose it is. */
  async #claim(target: InstanceTarget): Promise<boolean> {
    const warm = this.#context.pool.take(target.stack.id, target.memoryMb);
    if (!warm) {
      return false;
    }
    // At once: whoever stops us meanwhile ends it, too.
    this.#supervisor = warm.supervisor;
    await this.#context.host.saveFolder(this.#id, warm.folder);
    this.#folder = warm.folder;
    if (this.#disposed) {
      return true;
    }
    const binding = bindingOf(target, this.#context.surroundings.controlUrl());
    warm.supervisor.claim(binding, this.#owner(target));
    await this.#context.host.saveStarted(this.#id, target.startFacts);
    this.#limit();
    this.#report();
    return true;
  }

  /** A folder is deleted for good, so it takes two answers: no target, and no such instance. */
  async #removeUnlessListed(): Promise<void> {
    if ((await this.#context.host.listInstanceIds()).includes(this.#id)) {
      this.#reporter.reportWithoutTarget(this.#supervisor?.status);
      this.#tryLater(NO_TARGET_RETRY_MS);
      return;
    }
    await this.stop();
    if (this.#folder !== null) {
      await this.#context.folders.remove(this.#folder);
      await this.#context.limits.remove(this.#folder);
    }
    this.#context.onRemoved(this.#id);
  }

  /** The target is read afresh: stack, memory, variables or modules may have changed since the last start. */
  async #prepare(target: InstanceTarget, signal: AbortSignal): Promise<LaunchPlan> {
    const now = (await this.#context.host.readTarget(this.#id)) ?? target;
    this.#target = now;
    this.#startedFor = now.restarts;
    const plan = await prepareLaunch(this.#folder ?? '', now, this.#context, this.#modules, signal);
    await this.#context.host.saveStarted(this.#id, now.startFacts);
    this.#leaveGate = await this.#context.gate.enter(signal);
    return plan;
  }

  #owner(target: InstanceTarget): SupervisorOwner {
    return {
      token: target.runtimeToken,
      prepare: (signal) => this.#prepare(target, signal),
      watching: () => {
        const { settings } = this.#target ?? target;
        return {
          silentMs: settings['safety.healthInterval'] * 1000,
          crashesUntilSafeMode: settings['safety.crashes'],
        };
      },
      onStatus: () => this.#statusChanged(),
      onMetrics: (metrics) => this.#reporter.reportMetrics(metrics),
      onCounts: (counts) => this.#reporter.reportCounts(counts),
      onCrash: (crash) => this.#reporter.reportCrash(crash),
      onEvent: (event, details) => {
        this.#reporter.reportEvent(event, details);
        if (event === 'flows.conflict') {
          // What runs is not what the control plane has: show people the newer flows.
          void this.reconcile();
        } else if (event === 'flows.reload-failed') {
          this.#tryLater();
        }
      },
    };
  }

  #statusChanged(): void {
    if (this.#disposed) {
      return;
    }
    if (!this.isStarting) {
      this.#leaveGate();
    }
    this.#limit();
    this.#report();
    const step = this.#plan(this.#target);
    if (step === 'reload' || step === 'restart') {
      void this.reconcile();
    }
  }

  /** Puts its process under the limits of its type, also one that was taken over or claimed. */
  #limit(): void {
    const pid = this.#supervisor?.status.pid ?? null;
    if (pid === this.#limitedPid || this.#folder === null) {
      return;
    }
    this.#limitedPid = pid;
    if (pid === null) {
      if (this.#target?.desired !== 'running') {
        void this.#context.limits.remove(this.#folder);
      }
    } else if (this.#target !== null) {
      void this.#context.limits.place(this.#folder, pid, this.#target);
    }
  }

  #report(): void {
    const status = this.#supervisor?.status;
    if (!status || this.#disposed) {
      return;
    }
    const { problem, notice } = this.#modules;
    const { hold } = status.flow;
    const waits = hold !== null && this.#plan(this.#target) === 'wait' ? holdWords(hold) : null;
    const step = this.#modules.step ?? waits;
    const isSuspended = this.#target?.desired === 'suspended';
    const startedFor = this.#startedFor;
    if (!this.#reporter.report(status, { step, problem, notice, isSuspended, startedFor })) {
      setTimeout(() => this.#report(), RETRY_MS).unref();
    }
  }
}
