import { structuredPatch } from 'diff/lib/patch/create.js';
import type { TextHunk } from './comparison.ts';

const CONTEXT_LINES = 3;
/** Beyond this many lines added and removed, two texts have so little in common that no one reads the difference. */
const MOST_EDITS = 1_000;
const LONGEST_TEXT = 200_000;
/** Steps of the comparison of all texts together: each costs at most the square of its edits. */
const MOST_STEPS = 10_000_000;
const MOST_CHARACTERS = 5_000_000;

/** What comparing the texts of one comparison may cost: what comes after it is spent is said to differ, without lines. */
export class TextBudget {
  #steps = MOST_STEPS;
  #characters = MOST_CHARACTERS;

  /** Line by line; null when that would cost too much. */
  compare(before: string, after: string): TextHunk[] | null {
    const characters = before.length + after.length;
    if (before.length > LONGEST_TEXT || after.length > LONGEST_TEXT || characters > this.#characters) {
      return null;
    }
    this.#characters -= characters;
    const cut = withoutEqualEnds(before.split('\n'), after.split('\n'));
    const steps = Math.min(MOST_EDITS, cut.before.length + cut.after.length) ** 2;
    if (steps > this.#steps) {
      return null;
    }
    this.#steps -= steps;
    return hunksOf(cut);
  }
}

interface Cut {
  before: string[];
  after: string[];
  /** Equal lines in front that were left out. */
  skipped: number;
}

/** Most changes are in one place: what is equal before and after it, but for some context, is not looked at twice. */
function withoutEqualEnds(before: string[], after: string[]): Cut {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) {
    start++;
  }
  let end = 0;
  while (end < shorter - start && before[before.length - 1 - end] === after[after.length - 1 - end]) {
    end++;
  }
  const skipped = Math.max(0, start - CONTEXT_LINES);
  const left = Math.max(0, end - CONTEXT_LINES);
  return {
    before: before.slice(skipped, before.length - left),
    after: after.slice(skipped, after.length - left),
    skipped,
  };
}

function hunksOf({ before, after, skipped }: Cut): TextHunk[] | null {
  // Every line ends with a line break here, so that a missing one at the end is no difference of its own.
  const patch = structuredPatch('', '', `${before.join('\n')}\n`, `${after.join('\n')}\n`, '', '', {
    context: CONTEXT_LINES,
    maxEditLength: MOST_EDITS,
  });
  return (
    patch?.hunks.map(({ oldStart, newStart, lines }) => ({
      beforeStart: oldStart + skipped,
      afterStart: newStart + skipped,
      lines,
    })) ?? null
  );
}
