import type { RuntimeBinding } from '@flowyard/protocol';
import { gatherExitFacts } from './exit-facts.ts';
import { findBlockingNode } from './find-blocking-node.ts';
import { HangWatch } from './hang-watch.ts';
import { KnownFlowState } from './known-flow-state.ts';
import { rotateLog } from './log-file.ts';
import {
  DEFAULT_TIMES,
  INITIAL_STATE,
  next,
  type ProcessAction,
  type ProcessInput,
  type ProcessState,
  statusOf,
} from './process-machine.ts';
import { DEFAULT_RESTART_POLICY, type ExitFacts, type RestartPolicy } from './restart-policy.ts';
import { type Hello, RuntimeConnection, type Told } from './runtime-connection.ts';
import { type ExitStatus, RuntimeProcess } from './runtime-process.ts';
import type { SupervisedStatus, SupervisorOptions, SupervisorOwner } from './supervisor-options.ts';

const HOUSEKEEPING_MS = 5000;
const UNKNOWN_EXIT: ExitStatus = { code: null, signal: null };
const NOT_CONNECTED = { port: null, generation: null, nodeRed: null, pooled: false } as const;

/**
 * Keeps one Node-RED running, or stopped, as it is told; `process-machine.ts` decides, this acts. A process that
 * already runs on the folder is taken over instead of started again, and goes on when this is disposed of.
 */
export class NodeRedSupervisor {
  readonly #options: SupervisorOptions;
  #owner: SupervisorOwner;
  #state: ProcessState = INITIAL_STATE;
  #process: RuntimeProcess | undefined;
  readonly #connection: RuntimeConnection;
  #connected: Pick<SupervisedStatus, 'port' | 'generation' | 'nodeRed' | 'pooled'> = NOT_CONNECTED;
  #claim: RuntimeBinding | undefined;
  #preparing: AbortController | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** What was said of it when it ended; the machine will be told as soon as it is known why. */
  #lastSaid: SupervisedStatus | null = null;
  /** The node in which it was stuck when it was ended for not answering. */
  #stuckIn: string | null = null;
  #acting: Promise<void> = Promise.resolve();
  #lastStatus = '';
  #idleWaiters: Array<() => void> = [];
  #disposed = false;
  readonly #flow = new KnownFlowState(() => this.#tell());
  readonly #hangWatch: HangWatch;
  readonly #housekeeping: NodeJS.Timeout;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#owner = options;
    this.#hangWatch = new HangWatch(
      () => this.#feed({ type: 'hung' }),
      () => this.#owner.watching?.().silentMs ?? options.silentMs,
    );
    this.#connection = new RuntimeConnection({
      hub: options.hub,
      isOurs: (hello) => this.#isOurs(hello),
      onHello: (hello) => this.#greet(hello),
      onMessage: (message) => this.#hear(message),
    });
    this.#connection.expect(options.token);
    this.#housekeeping = setInterval(() => rotateQuietly(options.logFile), HOUSEKEEPING_MS);
    this.#housekeeping.unref();
  }

  get status(): SupervisedStatus {
    if (this.#lastSaid) {
      return this.#lastSaid;
    }
    return {
      ...statusOf(this.#state),
      pid: this.#process?.identity.pid ?? null,
      adopting: this.#state.phase === 'adopting',
      flow: this.#flow.state,
      ...this.#connected,
    };
  }

  get dataFolder(): string {
    return this.#options.dataFolder;
  }

  get logFile(): string {
    return this.#options.logFile;
  }

  /** Takes over the process that runs on the folder, or starts one. What follows is told by `onStatus`. */
  start(): void {
    this.#feed({ type: 'want', running: true });
  }

  /** Ends it and starts it with a fresh plan. Crashes that happened before are forgotten. */
  restart(): void {
    this.#feed({ type: 'restart' });
  }

  /** Resolves when no process runs on the folder any more. */
  async stop(): Promise<void> {
    this.#feed({ type: 'want', running: false });
    await this.#acting;
    if (this.#state.phase !== 'idle') {
      await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
    }
  }

  /** Has it read its flows again; false when it is not connected, then the next hello is the occasion. */
  reload(revision: number, flowsFolder: string | null = null): boolean {
    return this.#connection.send({ type: 'reload', revision, flowsFolder });
  }

  /** Has it count the messages of each node for so long, 0 ends that; false when it is not connected. */
  count(seconds: number): boolean {
    return this.#connection.send({ type: 'count', seconds });
  }

  /** Gives a process of the pool to somebody. From now on it is started and reported as theirs. */
  claim(binding: RuntimeBinding, owner: SupervisorOwner): void {
    this.#owner = owner;
    this.#connection.expect(owner.token);
    this.#claim = binding;
    this.#connected = { ...this.#connected, generation: binding.generation };
    this.#connection.send({ type: 'claim', binding });
  }

  /** Forgets the process without ending it: it goes on and looks for whoever comes next. */
  dispose(): void {
    this.#disposed = true;
    this.#preparing?.abort();
    clearTimeout(this.#timer);
    clearInterval(this.#housekeeping);
    this.#hangWatch.stop();
    this.#flow.told(undefined);
    this.#connection.close();
    this.#process?.forget();
  }

  #feed(input: ProcessInput): void {
    if (this.#disposed) {
      return;
    }
    const { times = DEFAULT_TIMES } = this.#options;
    const policy = this.#policy();
    const transition = next(this.#state, input, { now: Date.now(), times, policy });
    this.#state = transition.state;
    if (transition.timeoutMs !== undefined) {
      clearTimeout(this.#timer);
      if (transition.timeoutMs !== null) {
        this.#timer = setTimeout(() => this.#feed({ type: 'time-out' }), transition.timeoutMs);
      }
    }
    if (this.#state.phase !== 'starting') {
      this.#preparing?.abort();
    }
    const { action } = transition;
    if (action) {
      this.#acting = this.#acting.then(() => this.#act(action));
    }
    this.#tell();
  }

  #policy(): RestartPolicy {
    const { policy = DEFAULT_RESTART_POLICY } = this.#options;
    const { crashesUntilSafeMode } = this.#owner.watching?.() ?? policy;
    return { ...policy, crashesUntilSafeMode };
  }

  #tell(): void {
    const status = this.status;
    const text = JSON.stringify(status);
    if (text !== this.#lastStatus) {
      this.#lastStatus = text;
      this.#owner.onStatus(status);
    }
    if (this.#state.phase === 'idle' && !this.#process) {
      for (const resolve of this.#idleWaiters.splice(0)) {
        resolve();
      }
    }
  }

  async #act(action: ProcessAction): Promise<void> {
    switch (action) {
      case 'spawn':
        return this.#spawn();
      case 'look':
        this.#takeOver();
        return;
      case 'terminate':
        return this.#end((process) => process.terminate());
      case 'kill':
        await this.#diagnose();
        return this.#end((process) => process.kill());
    }
  }

  /** True when a process runs on the folder already. */
  #takeOver(): boolean {
    const process = RuntimeProcess.take(this.#options.dataFolder, (status) => void this.#exited(status));
    if (!process) {
      return false;
    }
    this.#process = process;
    this.#feed({ type: 'found' });
    return true;
  }

  async #spawn(): Promise<void> {
    if (this.#disposed || this.#takeOver()) {
      return;
    }
    try {
      this.#preparing = new AbortController();
      const plan = await this.#owner.prepare(this.#preparing.signal);
      if (this.#state.phase !== 'starting' || this.#disposed) {
        return this.#exited(UNKNOWN_EXIT);
      }
      rotateQuietly(this.#options.logFile);
      const log = { logFile: this.#options.logFile, safeMode: this.#state.safeMode };
      this.#process = await RuntimeProcess.start(plan, log, (status) => void this.#exited(status));
      this.#feed({ type: 'spawned' });
    } catch (error) {
      await this.#exited(UNKNOWN_EXIT, error instanceof Error ? error.message : String(error));
    }
  }

  /** Before a process that does not answer is ended, it is asked what it is stuck in. */
  async #diagnose(): Promise<void> {
    if (this.#process && this.#state.hung && this.#state.phase === 'up') {
      this.#stuckIn = await findBlockingNode(this.#process.identity, this.#options.logFile);
    }
  }

  async #end(how: (process: RuntimeProcess) => void): Promise<void> {
    if (this.#process) {
      how(this.#process);
    } else if (!this.#lastSaid) {
      await this.#exited(UNKNOWN_EXIT);
    }
  }

  async #exited(status: ExitStatus, startError: string | null = null): Promise<void> {
    const pid = this.#process?.identity.pid ?? 0;
    this.#lastSaid = this.status;
    this.#process?.forget();
    this.#hangWatch.stop();
    this.#connection.drop();
    this.#process = undefined;
    this.#claim = undefined;
    this.#connected = NOT_CONNECTED;
    this.#flow.told(undefined);
    const facts = await gatherExitFacts({ ...status, startError }, pid, this.#options);
    this.#lastSaid = null;
    const blamed = this.#stuckIn === null ? facts.blamed : { nodeId: this.#stuckIn };
    this.#stuckIn = null;
    const { hung } = this.#state;
    this.#feed({ type: 'exited', facts: { ...facts, blamed } });
    this.#tellCrash({ ...facts, blamed, hung });
  }

  #tellCrash(facts: ExitFacts): void {
    const { phase, crashes, crashReason, safeMode } = this.#state;
    if (phase === 'waiting' && crashReason !== null) {
      this.#owner.onCrash?.({ facts, crashes, reason: crashReason, safeMode: safeMode !== null });
    }
  }

  /** With pid and start time no other process can be taken for it. */
  #isOurs(hello: Hello): boolean {
    const identity = this.#process?.identity;
    return identity?.pid === hello.pid && identity.start === hello.processStart;
  }

  #greet(hello: Hello): void {
    const { port, generation, nodeRed } = hello;
    this.#connected = { port, generation, nodeRed, pooled: isReadyForClaim(hello) };
    this.#flow.told(hello.flow);
    this.#hangWatch.watch(port);
    if (hello.subjectId === null && this.#claim) {
      // The claim was lost with the connection.
      this.#connected = { ...this.#connected, generation: this.#claim.generation };
      this.#connection.send({ type: 'claim', binding: this.#claim });
    }
    this.#feed({ type: 'told', report: hello });
  }

  #hear(message: Told): void {
    this.#hangWatch.beat();
    switch (message.type) {
      case 'state':
        this.#hangWatch.watch(message.port);
        this.#connected = {
          ...this.#connected,
          port: message.port,
          pooled: isReadyForClaim(message),
        };
        this.#feed({ type: 'told', report: message });
        break;
      case 'heartbeat':
        this.#owner.onMetrics?.(message);
        break;
      case 'flow-state':
        this.#flow.told(message.flow);
        this.#tell();
        break;
      case 'counts':
        this.#owner.onCounts?.(message);
        break;
      case 'event':
        this.#owner.onEvent?.(message.event, message.details);
        break;
    }
  }
}

function isReadyForClaim(message: { state: string; port: number | null }): boolean {
  return message.state === 'pooled' && message.port !== null;
}

function rotateQuietly(logFile: string): void {
  try {
    rotateLog(logFile);
  } catch {
    // A full disk must not end the supervisor; the next round tries again.
  }
}
