import { readFileSync } from 'node:fs';

const KIB = 1024;

/** Memory of a process with shared pages counted by share, in bytes; null where the kernel does not tell. */
export function pssOf(pid: number): number | null {
  try {
    const match = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'));
    return match?.[1] === undefined ? null : Number(match[1]) * KIB;
  } catch {
    return null;
  }
}

/** Memory of a process in bytes. */
export function rssOf(pid: number): number | null {
  try {
    const match = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return match?.[1] === undefined ? null : Number(match[1]) * KIB;
  } catch {
    return null;
  }
}
