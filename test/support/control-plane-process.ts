import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ApiClient } from './api-client.ts';
import { ADMIN_PASSWORD, type RunningControlPlane } from './control-plane.ts';
import { freePort } from './ports.ts';
import { putTables } from './prepared-database.ts';
import { killNodeRedsBelow } from './processes.ts';

const MAIN = join(import.meta.dirname, '../../control-plane/dist/main.js');
const READY_WITHIN_MS = 60_000;

/** A control plane as users start it, in a process of its own, that can be killed. */
export class ControlPlaneProcess implements RunningControlPlane {
  readonly dataDir = mkdtempSync(join(tmpdir(), 'flowyard-test-'));
  readonly output: string[] = [];
  url = '';
  admin = new ApiClient('');
  #port = 0;
  #child: ChildProcess | undefined;
  readonly #environment: Record<string, string>;

  constructor(environment: Record<string, string> = {}) {
    this.#environment = environment;
  }

  /** Another one in its place: with the same settings and port, and a folder of its own. */
  successor(): ControlPlaneProcess {
    const other = new ControlPlaneProcess(this.#environment);
    other.#port = this.#port;
    return other;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get runs(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  visitor(): ApiClient {
    return new ApiClient(this.url);
  }

  /** Starts it, again on the same port and folder, and signs the administrator in. */
  async start(): Promise<void> {
    if (!('FLOWYARD_DATABASE_URL' in this.#environment)) {
      await putTables(this.dataDir);
    }
    await this.launch({ FLOWYARD_ADMIN_PASSWORD: ADMIN_PASSWORD });
    await this.admin.signIn('admin', ADMIN_PASSWORD);
  }

  /** Starts it as it is on a machine where nobody was before; the output has the link for the first administrator. */
  async launch(environment: Record<string, string> = {}): Promise<void> {
    this.#port ||= await freePort();
    const child = spawn(process.execPath, [MAIN], {
      env: {
        ...process.env,
        FLOWYARD_PORT: String(this.#port),
        FLOWYARD_DATA: this.dataDir,
        FLOWYARD_POOL: '0',
        FLOWYARD_LOG_LEVEL: 'warn',
        ...this.#environment,
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    this.url = await this.#ready(child);
    this.admin = new ApiClient(this.url);
  }

  #ready(child: ChildProcess): Promise<string> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`not ready: ${this.output.join('\n')}`)),
        READY_WITHIN_MS,
      );
      for (const stream of [child.stdout, child.stderr]) {
        createInterface({ input: stream as NodeJS.ReadableStream }).on('line', (line) => {
          this.output.push(line);
          const ready = /ready at (\S+)$/.exec(line)?.[1];
          if (ready !== undefined) {
            clearTimeout(timer);
            resolve(ready);
          }
        });
      }
      child.once('exit', (code) => {
        clearTimeout(timer);
        reject(new Error(`ended with ${code}: ${this.output.join('\n')}`));
      });
    });
  }

  /** Sends a signal and resolves with the exit code, or with null when the signal ended it. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) {
      return child?.exitCode ?? null;
    }
    const exit = once(child, 'exit');
    child.kill(signal);
    const [code] = await exit;
    return code;
  }

  async stop(): Promise<void> {
    await this.end('SIGTERM');
    killNodeRedsBelow(this.dataDir);
    rmSync(this.dataDir, { recursive: true, force: true, maxRetries: 5 });
  }
}
