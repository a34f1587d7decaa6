import os from 'node:os';
import type { AgentCommand, AgentMessage, SpoolEntry, SpoolStreamName } from '@flowyard/protocol';
import { bootId } from '../boot.ts';
import type { SpooledLine } from './segment.ts';
import { SpoolStream } from './stream.ts';

const LIMITS = { bytes: 4 * 1024 * 1024, entries: 20_000 };
const BATCH = { entries: 200, bytes: 256 * 1024 };
/** So long an entry waits for others, to be made safe with one write to the disk. */
const SYNC_MS = 500;

export interface SpoolOptions {
  folder: string;
  send: (message: AgentMessage) => void;
  limits?: { bytes: number; entries: number };
  log?: (text: string) => void;
}

type Acknowledgement = Extract<AgentCommand, { type: 'spool-ack' }>;

/**
 * Keeps on disk what the control plane is to know, and delivers it in order while there is a link: one batch after
 * the other, each until it is acknowledged. What is sent twice counts once there, by its number.
 */
export class Spool {
  readonly #options: SpoolOptions;
  readonly #streams: Record<SpoolStreamName, SpoolStream>;
  readonly #inFlight = new Set<SpoolStreamName>();
  readonly #boot = bootId();
  #isConnected = false;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: SpoolOptions) {
    this.#options = options;
    this.#streams = {
      events: new SpoolStream(options.folder, 'events'),
      metrics: new SpoolStream(options.folder, 'metrics'),
    };
  }

  get waiting(): { messages: number; bytes: number } {
    const streams = Object.values(this.#streams);
    return {
      messages: streams.reduce((sum, { waiting }) => sum + waiting, 0),
      bytes: streams.reduce((sum, { waitingBytes }) => sum + waitingBytes, 0),
    };
  }

  /** The seconds that the machine has run, which no clock changes. */
  get uptime(): number {
    return os.uptime();
  }

  /** `begun`: when that was of which the entry tells, if not now. */
  append(
    stream: SpoolStreamName,
    body: Record<string, unknown>,
    begun: { at: string; up: number } = { at: new Date().toISOString(), up: this.uptime },
  ): void {
    this.#streams[stream].append({ ...begun, boot: this.#boot, body });
    this.#bound();
    this.#timer ??= setTimeout(() => void this.#settle(), SYNC_MS);
  }

  connected(): void {
    this.#isConnected = true;
    this.#inFlight.clear();
    void this.#settle();
  }

  disconnected(): void {
    this.#isConnected = false;
    this.#inFlight.clear();
  }

  acknowledged({ stream, epoch, seq }: Acknowledgement): void {
    if (this.#streams[stream]?.epoch === epoch) {
      this.#streams[stream].acknowledge(seq);
      this.#inFlight.delete(stream);
      this.#deliver(stream);
    }
  }

  async close(): Promise<void> {
    if (this.#timer !== null) {
      clearTimeout(this.#timer);
    }
    await this.#sync();
    for (const stream of Object.values(this.#streams)) {
      stream.close();
    }
  }

  async #settle(): Promise<void> {
    if (this.#timer !== null) {
      clearTimeout(this.#timer);
      this.#timer = null;
    }
    await this.#sync();
    this.#deliver('events');
    this.#deliver('metrics');
  }

  async #sync(): Promise<void> {
    for (const stream of Object.values(this.#streams)) {
      await stream.sync().catch((error: Error) => {
        this.#options.log?.(`What waits to be sent is not safe on disk: ${error.message}`);
      });
    }
  }

  #deliver(name: SpoolStreamName): void {
    const stream = this.#streams[name];
    if (!this.#isConnected || this.#inFlight.has(name)) {
      return;
    }
    const lines = stream.read(stream.acknowledged, BATCH);
    if (lines.length > 0) {
      this.#inFlight.add(name);
      const entries = lines.map((line) => this.#entryOf(line));
      this.#options.send({ type: 'spool', epoch: stream.epoch, stream: name, entries });
    }
  }

  #entryOf({ seq, at, boot, up, body }: SpooledLine): SpoolEntry {
    const isSameBoot = boot !== null && boot === this.#boot;
    const ageMs = isSameBoot ? Math.max(0, Math.round((this.uptime - up) * 1000)) : null;
    return { seq, at, ageMs, body };
  }

  /** The oldest metrics go first, then the oldest of the rest. */
  #bound(): void {
    const { bytes, entries } = this.#options.limits ?? LIMITS;
    const { metrics, events } = this.#streams;
    while (metrics.bytes + events.bytes > bytes || metrics.waiting + events.waiting > entries) {
      if (!metrics.dropOldest() && !events.dropOldest()) {
        return;
      }
    }
  }
}
