import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { freePort } from '../../../support/ports.ts';
import { isAlive } from '../../../support/processes.ts';

const MAIN = path.resolve(import.meta.dirname, '../../../../device-agent/dist/main.js');

export interface CommandResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs `flowyard-device` to its end. */
export function runCommand(...args: string[]): Promise<CommandResult> {
  return runCommandWithin({}, ...args);
}

/** As `runCommand`, with additions to its environment. */
export function runCommandWithin(
  environment: Record<string, string>,
  ...args: string[]
): Promise<CommandResult> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
    timeout: 20_000,
  });
  const result: CommandResult = { code: null, stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    result.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    result.stderr += chunk;
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ ...result, code })));
}

/** A device in a temporary folder: an agent process that can be killed and started again. */
export class TestDevice {
  readonly folder: string;
  readonly port: number;
  readonly store: string;
  output = '';
  #agent: ChildProcess | null = null;

  private constructor(folder: string, port: number, store: string) {
    this.folder = folder;
    this.port = port;
    this.store = store;
  }

  static async create(store: string): Promise<TestDevice> {
    return new TestDevice(await mkdtemp(path.join(os.tmpdir(), 'flowyard-device-')), await freePort(), store);
  }

  /** Another folder that is the same device, on the same port. */
  static on(folder: string, { port, store }: TestDevice): TestDevice {
    return new TestDevice(folder, port, store);
  }

  get pid(): number {
    return this.#agent?.pid ?? 0;
  }

  start(...args: string[]): void {
    this.startWithin({}, ...args);
  }

  /** As `start`, with additions to its environment. */
  startWithin(environment: Record<string, string>, ...args: string[]): void {
    const all = [
      '--dir',
      this.folder,
      '--port',
      String(this.port),
      '--host',
      '127.0.0.1',
      '--store',
      this.store,
    ];
    this.#agent = spawn(process.execPath, [MAIN, ...all, '--stable-seconds', '0.5', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    });
    for (const stream of [this.#agent.stdout, this.#agent.stderr]) {
      stream?.on('data', (chunk) => {
        this.output += chunk;
      });
    }
  }

  /** Ends the agent by a signal; resolves with its exit code. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    const agent = this.#agent;
    if (agent === null || agent.exitCode !== null || agent.signalCode !== null) {
      return agent?.exitCode ?? null;
    }
    const ended = new Promise<number | null>((resolve) => agent.once('exit', resolve));
    agent.kill(signal);
    return ended;
  }

  /** The pid of the Node-RED that runs on the data folder, by its lock; null when there is none. */
  async nodeRedPid(): Promise<number | null> {
    const text = await readFile(path.join(this.folder, 'data', '.flowyard-lock.json'), 'utf8').catch(
      () => '{}',
    );
    const { pid } = JSON.parse(text) as { pid?: number };
    return pid !== undefined && isAlive(pid) ? pid : null;
  }

  /** What an HTTP route of its flows answers; null while it does not. */
  async get(route: string): Promise<string | null> {
    return fetch(`http://127.0.0.1:${this.port}${route}`, { signal: AbortSignal.timeout(2000) }).then(
      async (response) => (response.ok ? response.text() : null),
      () => null,
    );
  }

  /** Whether the agent runs. */
  get isRunning(): boolean {
    const agent = this.#agent;
    return agent !== null && agent.exitCode === null && agent.signalCode === null;
  }

  async endNodeRed(): Promise<void> {
    const pid = await this.nodeRedPid();
    if (pid !== null) {
      process.kill(pid, 'SIGKILL');
    }
  }

  /** Ends everything of it, whatever the test has left, and deletes the folder. */
  async dispose(): Promise<void> {
    await this.end('SIGKILL');
    await this.endNodeRed();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}
