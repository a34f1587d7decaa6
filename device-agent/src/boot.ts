import { readFileSync } from 'node:fs';

/** Names the time since the machine was started; null where the system does not name it. */
export function bootId(): string | null {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return null;
  }
}
