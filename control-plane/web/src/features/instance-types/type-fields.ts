import type { InstanceTypeView } from '@flowyard/protocol';

/** What was typed as a number that may be left out. */
export function numberOrNull(text: string | null): number | null {
  const typed = (text ?? '').trim();
  return typed === '' ? null : Number(typed);
}

export function isWhole(text: string | null): true | string {
  return /^\d{1,6}$/.test((text ?? '').trim()) || 'Enter a whole number.';
}

export function isAmount(text: string | null): true | string {
  return /^(\d{1,7}(\.\d{1,4})?)?$/.test((text ?? '').trim()) || 'Enter a number such as 0.5, or nothing.';
}

/** Memory and processor of a type in a line. */
export function sizeWords({ memoryMb, cpuLimit }: Pick<InstanceTypeView, 'memoryMb' | 'cpuLimit'>): string {
  const cores = cpuLimit === null ? '' : ` · ${cpuLimit} ${cpuLimit === 1 ? 'core' : 'cores'}`;
  return `${memoryMb} MB${cores}`;
}
