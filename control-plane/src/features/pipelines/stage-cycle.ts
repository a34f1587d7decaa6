/** From one stage's target to that of the next one, in the pipeline of that name. */
export interface StageLink {
  pipeline: string;
  from: string;
  to: string;
}

/**
 * Names of the pipelines along which a push would come back to where it began; null when there is no such way. Pushes
 * that follow each other by themselves would never end there, and nobody could say which stage is the newer one.
 */
export function findCycle(links: readonly StageLink[], through: readonly StageLink[]): string[] | null {
  const leaving = new Map<string, StageLink[]>();
  for (const link of links) {
    leaving.set(link.from, [...(leaving.get(link.from) ?? []), link]);
  }
  for (const link of through) {
    const way = wayBetween(leaving, link.to, link.from);
    if (way !== null) {
      return [...new Set([link, ...way].map(({ pipeline }) => pipeline))];
    }
  }
  return null;
}

/** The shortest way from one target to another. */
function wayBetween(leaving: ReadonlyMap<string, StageLink[]>, from: string, to: string): StageLink[] | null {
  const reached = new Map<string, StageLink[]>([[from, []]]);
  for (const [place, way] of reached) {
    if (place === to) {
      return way;
    }
    for (const link of leaving.get(place) ?? []) {
      if (!reached.has(link.to)) {
        reached.set(link.to, [...way, link]);
      }
    }
  }
  return null;
}
