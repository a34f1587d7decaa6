/** How long something took, in milliseconds. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

/** Times of doing it again and again; the first, which warms up, is left out. */
export async function timesOf(count: number, work: () => Promise<unknown>): Promise<number[]> {
  const [times] = await timesInTurn(count, [work]);
  return times;
}

/** Times of doing several things in turn, so that what else the machine does weighs on each alike. */
export async function timesInTurn<Works extends Array<() => Promise<unknown>>>(
  count: number,
  works: [...Works],
): Promise<{ [K in keyof Works]: number[] }> {
  const times = works.map((): number[] => []);
  for (let round = 0; round <= count; round++) {
    for (const [index, work] of works.entries()) {
      const ms = await timed(work);
      if (round > 0) {
        times[index]?.push(ms);
      }
    }
  }
  return times as { [K in keyof Works]: number[] };
}
