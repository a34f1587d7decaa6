import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A process that cannot be mistaken for a later one with the same pid. */
export interface ProcessIdentity {
  pid: number;
  start: string;
}

let bootId: string | undefined;

function readBootId(): string {
  bootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return bootId;
}

function linuxStart(pid: number): string | null {
  try {
    // The command name, in parentheses, may itself contain spaces and parentheses: fields count from the last one.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state] = fields;
    // A zombie holds nothing any more; where nobody reaps it, it would look alive for ever.
    if (state === 'Z' || state === 'X') {
      return null;
    }
    return `${readBootId()}:${fields[19]}`;
  } catch {
    return null;
  }
}

function posixStart(pid: number): string | null {
  const { stdout } = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], {
    encoding: 'utf8',
    timeout: 5000,
  });
  return stdout?.trim() || null;
}

/** When the process was started, in the words of the operating system; null when it does not run (any more). */
export function readProcessStart(pid: number): string | null {
  if (process.platform === 'linux') {
    return linuxStart(pid);
  }
  if (process.platform === 'win32') {
    // No cheap way to ask there: such a process is known by its link only and never killed by pid.
    return null;
  }
  return posixStart(pid);
}

/** Whether exactly that process still runs. */
export function isRunning(identity: ProcessIdentity): boolean {
  return readProcessStart(identity.pid) === identity.start;
}

/**
 * Signals the process group that the process leads, so that what Node-RED itself started (npm, exec nodes) goes
 * with it. Does nothing unless it is still that very process.
 */
export function signalGroup(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isRunning(identity)) {
    return false;
  }
  try {
    process.kill(-identity.pid, signal);
    return true;
  } catch {
    return signalProcess(identity, signal);
  }
}

/** Signals that process alone, so that it can end what it started in its own manner. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isRunning(identity)) {
    return false;
  }
  try {
    process.kill(identity.pid, signal);
    return true;
  } catch {
    return false;
  }
}
