import type { DeviceCurrent, LogLine } from '@flowyard/protocol';
import { LOG_LINES_WITH_FAILURE } from '@flowyard/protocol';
import type { Spool } from './spool.ts';

const MAX_REASON = 4000;
const MAX_LOG_CHARACTERS = 64 * 1024;
const TOLD_STATES: ReadonlySet<string> = new Set(['running', 'crashed', 'error', 'stopped', 'suspended']);

export interface HistoryEvent {
  event: string;
  details: Record<string, unknown>;
  /** The end of the log belongs to it. */
  failed: boolean;
}

/** What happened between two looks at the device, in the order in which it did. */
export function eventsBetween(before: DeviceCurrent, after: DeviceCurrent): HistoryEvent[] {
  const { snapshotId, failedSnapshotId, state, mode } = after;
  const reason = after.reason === null ? {} : { reason: after.reason.slice(0, MAX_REASON) };
  const found: HistoryEvent[] = [];
  const add = (event: string, details: Record<string, unknown>, failed = false) =>
    found.push({ event, details, failed });
  if (mode !== before.mode) {
    // The reason says when it was not the control plane that changed it.
    add('mode-changed', { mode, ...reason });
  }
  if (state === 'updating' && before.state !== 'updating') {
    add('update-started', { from: before.snapshotId, generation: after.generation });
  }
  if (failedSnapshotId !== null && failedSnapshotId !== before.failedSnapshotId) {
    add('update-failed', { snapshotId: failedSnapshotId, ...reason }, true);
  }
  if (snapshotId !== null && snapshotId !== before.snapshotId) {
    add('update-committed', { snapshotId, from: before.snapshotId });
  }
  if (state !== before.state && TOLD_STATES.has(state)) {
    add(state, { snapshotId, ...reason }, state === 'crashed' || state === 'error');
  }
  return found;
}

/** The last of these lines, as many as fit. */
export function lastThatFit(lines: readonly LogLine[], characters: number): LogLine[] {
  const kept: LogLine[] = [];
  let left = characters;
  for (const line of lines.toReversed()) {
    left -= line.text.length;
    if (left < 0) {
      break;
    }
    kept.unshift(line);
  }
  return kept;
}

interface Parts {
  spool: Pick<Spool, 'append'>;
  lastLines: (count: number) => Promise<LogLine[]>;
  agentVersion: string;
}

/** Writes into the spool what the device does. */
export class History {
  readonly #parts: Parts;
  #before: DeviceCurrent | null = null;
  #writing: Promise<void> = Promise.resolve();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  note(current: DeviceCurrent): void {
    const before = this.#before;
    this.#before = current;
    if (before === null) {
      const { state, snapshotId, mode } = current;
      this.#parts.spool.append('events', {
        event: 'agent-started',
        details: { agentVersion: this.#parts.agentVersion, state, snapshotId, mode },
      });
      return;
    }
    const events = eventsBetween(before, current);
    if (events.length > 0) {
      this.#writing = this.#writing.then(() => this.#write(events));
    }
  }

  async stopped(): Promise<void> {
    await this.#writing;
    this.#parts.spool.append('events', { event: 'agent-stopped', details: {} });
  }

  async #write(events: HistoryEvent[]): Promise<void> {
    for (const { event, details, failed } of events) {
      const lines = failed ? await this.#parts.lastLines(LOG_LINES_WITH_FAILURE).catch(() => []) : [];
      const log = lastThatFit(lines, MAX_LOG_CHARACTERS);
      this.#parts.spool.append('events', { event, details, ...(failed && { log }) });
    }
  }
}
