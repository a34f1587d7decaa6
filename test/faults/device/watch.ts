import { readdir, readFile, readlink } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { TestDevice } from '../../integration/device-agent/support/agent-process.ts';

const ASK_EVERY_MS = 50;
const COUNT_EVERY_MS = 400;

/** The Node-RED processes that work below a folder, whoever started them. */
async function countRuntimes(folder: string): Promise<number> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => '');
      const line = cwd.startsWith(folder)
        ? await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
        : '';
      return line.includes('launcher/dist/child.js');
    }),
  );
  return found.filter(Boolean).length;
}

/** Looks all the time, from when it is made: do the flows answer, and is there one Node-RED and not two? */
export class Watch {
  mostRuntimes = 0;
  #longestGapMs = 0;
  #silentSince: number | null = null;
  #isStopped = false;
  readonly #device: TestDevice;
  readonly #working: Promise<unknown>;

  constructor(device: TestDevice) {
    this.#device = device;
    this.#working = Promise.all([this.#ask(), this.#count()]);
  }

  /** The longest time without an answer, in seconds. */
  get gap(): number {
    const now = this.#silentSince === null ? 0 : performance.now() - this.#silentSince;
    return Math.round(Math.max(this.#longestGapMs, now) / 100) / 10;
  }

  /** What was before does not count. */
  forget(): void {
    this.#longestGapMs = 0;
    this.#silentSince = null;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#working;
  }

  async #ask(): Promise<void> {
    while (!this.#isStopped) {
      const before = performance.now();
      if ((await this.#device.get('/hello')) === null) {
        this.#silentSince ??= before;
      } else if (this.#silentSince !== null) {
        this.#longestGapMs = Math.max(this.#longestGapMs, performance.now() - this.#silentSince);
        this.#silentSince = null;
      }
      await delay(ASK_EVERY_MS);
    }
  }

  async #count(): Promise<void> {
    while (!this.#isStopped) {
      this.mostRuntimes = Math.max(this.mostRuntimes, await countRuntimes(this.#device.folder));
      await delay(COUNT_EVERY_MS);
    }
  }
}
