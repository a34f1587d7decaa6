import { writeAgentLog } from './agent-log.ts';
import type { AgentStatus } from './commands/status.ts';
import { writeFileAtomically } from './files/atomic-file.ts';

/** `status.json`, for `flowyard-device status`. */
export class StatusFile {
  readonly #file: string;
  #writing: Promise<void> = Promise.resolve();
  #written = '';

  constructor(file: string) {
    this.#file = file;
  }

  /** Progress is left out: flash memory does not like to be written each second. */
  write(now: Omit<AgentStatus, 'at'>): void {
    const step = now.current.step?.replace(/ \(.*\)$/, '') ?? null;
    const status = { ...now, current: { ...now.current, step, progress: null } };
    const text = JSON.stringify(status);
    if (text === this.#written) {
      return;
    }
    this.#written = text;
    const content = `${JSON.stringify({ at: new Date().toISOString(), ...status }, null, 2)}\n`;
    this.#writing = this.#writing
      .then(() => writeFileAtomically(this.#file, content, { mode: 0o600 }))
      .catch((error: Error) => writeAgentLog('warn', `status.json could not be written: ${error.message}`));
  }

  /** Resolves when all of it is written. */
  settled(): Promise<void> {
    return this.#writing;
  }
}
