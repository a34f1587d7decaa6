import { appendFileSync, readFileSync } from 'node:fs';
import { findChromium } from './browser.ts';
import { PATIENCE } from './eventually.ts';
import { startPostgres, stopPostgres } from './postgres.ts';

interface Timed {
  timeout(): number;
  timeout(ms: number): unknown;
}

interface Suite {
  file?: string;
  suites: Suite[];
  tests: Timed[];
  getHooks(name: 'beforeAll' | 'beforeEach' | 'afterEach' | 'afterAll'): Timed[];
}

interface Context {
  test?: { parent?: Suite };
}

let begun = 0;

/** Before and after each file where several run beside each other, else once around the one. */
export const mochaHooks = {
  beforeAll(this: Context) {
    begun = performance.now();
    this.test?.parent?.suites.forEach(bePatient);
  },
  afterAll(this: Context) {
    const { TEST_TIMES } = process.env;
    const file = this.test?.parent?.suites[0]?.file;
    if (TEST_TIMES !== undefined && file !== undefined) {
      appendFileSync(TEST_TIMES, `${Math.round(performance.now() - begun)}\t${file}\n`);
    }
  },
};

/** Limits are written for a machine that has nothing else to do. */
function bePatient(suite: Suite): void {
  const hooks = (['beforeAll', 'beforeEach', 'afterEach', 'afterAll'] as const).map((name) =>
    suite.getHooks(name),
  );
  for (const each of [...suite.tests, ...hooks.flat()]) {
    each.timeout(each.timeout() * PATIENCE);
  }
  suite.suites.forEach(bePatient);
}

/** Once, before the processes that run files are started: they have one PostgreSQL and one Chromium together. */
export async function mochaGlobalSetup(): Promise<void> {
  const files = process.argv.filter((argument) => argument.endsWith('.test.ts'));
  if (files.some((file) => readFileSync(file, 'utf8').includes('postgres'))) {
    await startPostgres();
  }
  if (files.length > 1) {
    await findChromium();
  }
}

export async function mochaGlobalTeardown(): Promise<void> {
  await stopPostgres();
}
