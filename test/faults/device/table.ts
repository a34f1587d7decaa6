import type { FaultRow } from './run-fault.ts';

const WIDTHS = [44, 62, 62] as const;

/** Breaks a text into lines of a width, at spaces where it can. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
    while (line.length > width) {
      lines.push(line.slice(0, width));
      line = line.slice(width);
    }
  }
  return [...lines, line];
}

function formatRow(cells: readonly string[], last: string): string {
  const columns = WIDTHS.map((width, index) => wrap(cells[index] ?? '', width));
  const height = Math.max(...columns.map(({ length }) => length));
  return Array.from({ length: height }, (_, line) => {
    const parts = columns.map((column, index) => (column[line] ?? '').padEnd(WIDTHS[index] ?? 0));
    return `${parts.join(' | ')} | ${line === 0 ? last : ''}`.trimEnd();
  }).join('\n');
}

const RULE = [...WIDTHS, 8].map((width) => '-'.repeat(width)).join('-|-');

export const tableHead = (): string => `${formatRow(['fault', 'expected', 'seen'], 'ok')}\n${RULE}`;

export function tableRow({ fault, expected, seen, ok, seconds }: FaultRow): string {
  const verdict = ok === null ? '–' : ok ? 'yes' : 'NO';
  return `${formatRow([fault, expected, seen], `${verdict} ${seconds} s`)}\n${RULE}`;
}
