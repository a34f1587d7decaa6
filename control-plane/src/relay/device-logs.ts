import type { AgentCommand, LogLine } from '@flowyard/protocol';

const KEEP_LINES = 500;

type LogReader = (lines: LogLine[]) => void;

/** The logs of devices that somebody watches: only while that is so do they send them. */
export class DeviceLogs {
  readonly #send: (deviceId: string, command: AgentCommand) => void;
  readonly #readers = new Map<string, Set<LogReader>>();
  readonly #isConnected: (deviceId: string) => boolean;
  readonly #lines = new Map<string, LogLine[]>();

  constructor(
    send: (deviceId: string, command: AgentCommand) => void,
    isConnected: (deviceId: string) => boolean,
  ) {
    this.#send = send;
    this.#isConnected = isConnected;
  }

  /** Of how many devices lines are kept. */
  get size(): number {
    return this.#lines.size;
  }

  /** The last lines that a device sent while somebody watched. */
  recent(deviceId: string, lines: number): LogLine[] {
    return (this.#lines.get(deviceId) ?? []).slice(-lines);
  }

  /** Has the device send its log until the returned function is called. */
  watch(deviceId: string, onLines: LogReader): () => void {
    const readers = this.#readers.get(deviceId) ?? new Set();
    this.#readers.set(deviceId, readers);
    readers.add(onLines);
    if (readers.size === 1) {
      this.#lines.delete(deviceId);
      this.#send(deviceId, { type: 'watch-logs', on: true });
    } else {
      onLines(this.recent(deviceId, KEEP_LINES));
    }
    return () => {
      readers.delete(onLines);
      if (readers.size === 0) {
        this.#readers.delete(deviceId);
        this.#send(deviceId, { type: 'watch-logs', on: false });
        if (!this.#isConnected(deviceId)) {
          this.#lines.delete(deviceId);
        }
      }
    };
  }

  /** A device that comes again does not know that it is watched. */
  connected(deviceId: string): void {
    if (this.#readers.has(deviceId)) {
      this.#send(deviceId, { type: 'watch-logs', on: true });
    }
  }

  /** Its lines stay only for those who look at them now. */
  disconnected(deviceId: string): void {
    if (!this.#readers.has(deviceId)) {
      this.#lines.delete(deviceId);
    }
  }

  received(deviceId: string, lines: LogLine[]): void {
    this.#lines.set(deviceId, [...this.recent(deviceId, KEEP_LINES), ...lines].slice(-KEEP_LINES));
    for (const reader of this.#readers.get(deviceId) ?? []) {
      reader(lines);
    }
  }
}
