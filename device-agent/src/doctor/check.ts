/** What was looked at, what was found, and what to do about it. */
export interface Check {
  name: string;
  level: 'good' | 'warning' | 'bad';
  found: string;
  advice: string | null;
}

export function good(name: string, found: string): Check {
  return { name, level: 'good', found, advice: null };
}

export function warning(name: string, found: string, advice: string): Check {
  return { name, level: 'warning', found, advice };
}

export function bad(name: string, found: string, advice: string): Check {
  return { name, level: 'bad', found, advice };
}

const SIGNS: Record<Check['level'], string> = { good: '✔', warning: '!', bad: '✖' };

/** The checks for a person at a terminal. */
export function describeChecks(checks: readonly Check[]): string {
  return checks
    .map(({ name, level, found, advice }) => {
      const line = `${SIGNS[level]} ${name.padEnd(16)}${found}`;
      return advice === null ? line : `${line}\n  → ${advice}`;
    })
    .join('\n');
}
