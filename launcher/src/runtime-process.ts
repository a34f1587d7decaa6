import type { ChildProcess } from 'node:child_process';
import { readLockOwner } from './folder-lock.ts';
import { isRunning, type ProcessIdentity, signalGroup, signalProcess } from './process-identity.ts';
import { type LaunchPlan, spawnRuntime } from './spawn-runtime.ts';

export interface ExitStatus {
  code: number | null;
  signal: string | null;
}

const POLL_MS = 250;

/** A Node-RED process: one that we started, or one that runs since before us. */
export class RuntimeProcess {
  readonly identity: ProcessIdentity;
  readonly #stopWatching: () => void;

  private constructor(identity: ProcessIdentity, stopWatching: () => void) {
    this.identity = identity;
    this.#stopWatching = stopWatching;
  }

  /** Starts one. `onExit` is called when it ended. */
  static async start(
    plan: LaunchPlan,
    log: { logFile: string; safeMode: string | null },
    onExit: (status: ExitStatus) => void,
  ): Promise<RuntimeProcess> {
    const { child, identity } = await spawnRuntime(plan, log.logFile, log.safeMode);
    child.once('exit', (code, signal) => {
      // What Node-RED started itself would go on without anybody who knows of it.
      killRestOfGroup(identity.pid);
      onExit({ code, signal });
    });
    return new RuntimeProcess(identity, () => stopListening(child));
  }

  /** The one that runs on the folder; null when none does. How it ended cannot be known, only that it did. */
  static take(dataFolder: string, onExit: (status: ExitStatus) => void): RuntimeProcess | null {
    const owner = readLockOwner(dataFolder);
    if (!owner) {
      return null;
    }
    const poll = setInterval(() => {
      if (!isRunning(owner)) {
        clearInterval(poll);
        onExit({ code: null, signal: null });
      }
    }, POLL_MS);
    if (process.platform !== 'win32') {
      // It may be waiting between two attempts to connect. It listens to this signal, see child/main.ts.
      signalProcess(owner, 'SIGUSR2');
    }
    return new RuntimeProcess(owner, () => clearInterval(poll));
  }

  /** Asks Node-RED alone, so that it can end what it started in its own manner. */
  terminate(): void {
    signalProcess(this.identity, 'SIGTERM');
  }

  kill(): void {
    signalGroup(this.identity, 'SIGKILL');
  }

  /** Stops watching; the process goes on. */
  forget(): void {
    this.#stopWatching();
  }
}

function stopListening(child: ChildProcess): void {
  child.removeAllListeners('exit');
}

/** Right after its leader was reaped the number still means that group. */
function killRestOfGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nobody was left.
  }
}
