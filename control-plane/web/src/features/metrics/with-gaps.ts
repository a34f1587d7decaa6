import type { MetricsPoint } from '@flowyard/protocol';

export interface ChartPoint {
  /** Seconds since 1970. */
  time: number;
  /** Null where nothing was measured: the line is broken there. */
  point: MetricsPoint | null;
}

/** Breaks the line where steps are missing, so that a stop does not look like a straight line. */
export function withGaps(points: readonly MetricsPoint[], stepSeconds: number): ChartPoint[] {
  const result: ChartPoint[] = [];
  for (const point of points) {
    const time = Date.parse(point.at) / 1000;
    const before = result.at(-1);
    if (before !== undefined && time - before.time > stepSeconds * 1.5) {
      result.push({ time: before.time + stepSeconds, point: null });
    }
    result.push({ time, point });
  }
  return result;
}
