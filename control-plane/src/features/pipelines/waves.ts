import type { FailureBudget, RolloutWave } from '@flowyard/protocol';

/** How many targets each wave has; what the waves leave over is a last one, and empty ones fall away. */
export function waveSizes(waves: readonly RolloutWave[], total: number): number[] {
  let left = total;
  const sizes: number[] = [];
  for (const wave of [...waves, 'rest' as const]) {
    const size = Math.min(left, sizeOf(wave, total));
    if (size > 0) {
      sizes.push(size);
      left -= size;
    }
  }
  return sizes;
}

function sizeOf(wave: RolloutWave, total: number): number {
  if (wave === 'rest') {
    return total;
  }
  return 'count' in wave ? wave.count : Math.ceil((total * wave.percent) / 100);
}

/** The wave of each of so many targets, in order. */
export function wavesOf(waves: readonly RolloutWave[], total: number): number[] {
  return waveSizes(waves, total).flatMap((size, wave) => Array<number>(size).fill(wave));
}

/** How many targets may fail before a run halts; null: any number. */
export function allowedFailures(budget: FailureBudget | null, total: number): number | null {
  if (budget === null) {
    return null;
  }
  return 'count' in budget ? budget.count : Math.floor((total * budget.percent) / 100);
}
