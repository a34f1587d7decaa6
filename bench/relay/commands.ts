import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';

export type EndCommand =
  | { type: 'raw'; url: string; answers: boolean }
  /** Without a target it answers and takes. */
  | { type: 'links'; url: string; token: string; deviceId: string; target: string | null }
  | { type: 'round-trips'; count: number }
  | { type: 'stream'; count: number }
  | { type: 'fill'; target: string; count: number }
  | { type: 'count' }
  | { type: 'weigh' }
  | { type: 'stop' };

export type EndReport =
  | { type: 'ready' }
  | { type: 'took'; ms: number[] }
  | { type: 'counted'; seen: number; doubled: number; waiting: number }
  /** The memory of the process, and what of it is in use once nothing unused is left. */
  | { type: 'weighed'; processMb: number; heldMb: number }
  | { type: 'failed'; message: string };

const LONGEST_MS = 300_000;

/** A process that is one end of a measurement. */
export class EndProcess {
  readonly #child: ChildProcess;

  constructor(script = 'end.ts') {
    this.#child = fork(join(import.meta.dirname, script), { execArgv: ['--import=tsx', '--expose-gc'] });
  }

  /** Tells it what to do, and resolves with what it reports then. */
  ask<T extends EndReport['type']>(command: EndCommand): Promise<Extract<EndReport, { type: T }>> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${command.type} took too long`)), LONGEST_MS);
      this.#child.once('message', (report: EndReport) => {
        clearTimeout(timer);
        if (report.type === 'failed') {
          reject(new Error(report.message));
        } else {
          resolve(report as Extract<EndReport, { type: T }>);
        }
      });
      this.#child.send(command);
    });
  }

  async stop(): Promise<void> {
    const exit = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.send({ type: 'stop' } satisfies EndCommand);
    await exit;
  }
}
