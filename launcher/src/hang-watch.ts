import { get } from 'node:http';

const CHECK_MS = 2000;
const SILENT_MS = 10_000;
const PROBE_TIMEOUT_MS = 3000;
/** Before Node-RED listens there is nothing to probe; loading may block longer than serving may. */
const SILENT_BEFORE_LISTENING_MS = 60_000;

/**
 * Finds out that a Node-RED does not answer any more. The heartbeat stops also when only the link is down, and a
 * probe fails also when a flow is merely slow: it takes both.
 */
export class HangWatch {
  readonly #onHung: () => void;
  readonly #silentMs: () => number;
  #lastBeat = Date.now();
  #port: number | null = null;
  #timer: NodeJS.Timeout | undefined;
  #probing = false;

  constructor(onHung: () => void, silentMs: () => number | undefined = () => undefined) {
    this.#onHung = onHung;
    this.#silentMs = () => silentMs() ?? SILENT_MS;
  }

  /** Starts watching a process; also when it is known on another port. */
  watch(port: number | null): void {
    this.#port = port;
    this.beat();
    this.#timer ??= setInterval(() => void this.#check(), Math.min(CHECK_MS, this.#silentMs() / 2)).unref();
  }

  beat(): void {
    this.#lastBeat = Date.now();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #check(): Promise<void> {
    const limit = this.#port === null ? SILENT_BEFORE_LISTENING_MS : this.#silentMs();
    if (this.#probing || Date.now() - this.#lastBeat < limit) {
      return;
    }
    this.#probing = true;
    const answers = this.#port !== null && (await probe(this.#port));
    this.#probing = false;
    if (!answers && this.#timer && Date.now() - this.#lastBeat >= limit) {
      this.#onHung();
    }
  }
}

/** Whether any HTTP answer comes from the port; which one does not matter. */
export function probe(port: number, timeoutMs: number = PROBE_TIMEOUT_MS): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(
      { host: '127.0.0.1', port, path: '/', timeout: timeoutMs, agent: false },
      (response) => {
        response.destroy();
        resolve(true);
      },
    );
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(false));
    request.on('close', () => resolve(false));
  });
}
