/** One line of a benchmark's table. */
export interface Row {
  /** The row of the list of goals, for example `L1`. */
  row: string;
  what: string;
  variant: string;
  n: number;
  min: number;
  median: number;
  p99: number;
  unit: string;
  /** Against the variant that `goal` names; null for the variant that others are compared with. */
  ratio: number | null;
  goal: string | null;
  met: boolean | null;
}

/** Least, middle and worst of what was measured. */
export function summarise(values: readonly number[]): Pick<Row, 'n' | 'min' | 'median' | 'p99'> {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
  return { n: sorted.length, min: at(0), median: at(0.5), p99: at(0.99) };
}

interface Goal {
  /** What the median is compared with. */
  against: number;
  /** In words, as the table shows it. */
  text: string;
  /** The largest ratio that meets it; with `atLeast` the smallest. */
  ratio: number;
  atLeast?: boolean;
}

/** A row with its figures and whether it meets its goal. */
export function measuredRow(
  head: Pick<Row, 'row' | 'what' | 'variant' | 'unit'>,
  values: readonly number[],
  goal?: Goal,
): Row {
  const figures = summarise(values);
  const ratio = goal === undefined ? null : figures.median / goal.against;
  const met =
    goal === undefined || ratio === null
      ? null
      : goal.atLeast === true
        ? ratio >= goal.ratio
        : ratio <= goal.ratio;
  return { ...head, ...figures, ratio, goal: goal?.text ?? null, met };
}

const COLUMNS = [
  'row',
  'what',
  'variant',
  'n',
  'min',
  'median',
  'p99',
  'unit',
  'ratio',
  'goal',
  'met',
] as const;

function cell(row: Row, column: (typeof COLUMNS)[number]): string {
  const value = row[column];
  if (value === null) {
    return '';
  }
  if (typeof value === 'boolean') {
    return value ? 'yes' : 'NO';
  }
  if (typeof value === 'number') {
    return column === 'n' ? String(value) : value.toFixed(column === 'ratio' ? 2 : value < 10 ? 2 : 0);
  }
  return value;
}

/** The rows as one table with aligned columns. */
export function formatTable(rows: readonly Row[]): string {
  const lines = [COLUMNS.map(String), ...rows.map((row) => COLUMNS.map((column) => cell(row, column)))];
  const widths = COLUMNS.map((_column, index) => Math.max(...lines.map((line) => line[index]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((text, index) => text.padEnd(widths[index] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
