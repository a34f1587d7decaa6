import { searchLog } from '@flowyard/launcher';
import type { AgentCommand, AgentMessage } from '@flowyard/protocol';
import { writeAgentLog } from '../agent-log.ts';
import { type SnapshotSources, sendSnapshot } from '../developer/send-snapshot.ts';
import { writeDeviceFile } from '../device-file.ts';
import { lastThatFit } from '../spool/history.ts';

/** With what encodes them, these fit into one message. */
const MAX_LOG_CHARACTERS = 400_000;
const MAX_REASON = 2000;

interface Parts extends SnapshotSources {
  /** The folder of the device. */
  folder: string;
  send: (message: AgentMessage) => void;
  reconnect: () => void;
}

/** What the control plane asks for and is answered. */
export class ControlRequests {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  refuse(id: string, reason: string): void {
    this.#parts.send({ type: 'request-failed', id, reason: reason.slice(0, MAX_REASON) });
  }

  async takeSnapshot(id: string): Promise<void> {
    try {
      await sendSnapshot(id, this.#parts);
    } catch (error) {
      this.refuse(id, error instanceof Error ? error.message : String(error));
    }
  }

  async readLog({ id, lines, ...filter }: Extract<AgentCommand, { type: 'read-log' }>): Promise<void> {
    const found = await searchLog(this.#parts.paths.logFile, lines, filter).catch(() => []);
    this.#parts.send({ type: 'log-lines', id, lines: lastThatFit(found, MAX_LOG_CHARACTERS) });
  }

  /** The next connection has the new token, which tells the control plane so. */
  async keepToken(token: string): Promise<void> {
    const { folder, identity, reconnect } = this.#parts;
    try {
      await writeDeviceFile(folder, { ...identity, token });
      identity.token = token;
      writeAgentLog('info', 'The credentials of this device were renewed.');
      reconnect();
    } catch (error) {
      writeAgentLog('error', `New credentials could not be written down: ${(error as Error).message}`);
    }
  }
}
