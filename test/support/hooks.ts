import { appendFileSync, readFileSync } from 'node:fs';
import { startPostgres, stopPostgres } from './postgres.ts';

interface Context {
  test?: { parent?: { suites: Array<{ file?: string }> } };
}

let begun = 0;

/** Before and after each file where several run beside each other, else once around the one. */
export const mochaHooks = {
  beforeAll() {
    begun = performance.now();
  },
  afterAll(this: Context) {
    const { TEST_TIMES } = process.env;
    const file = this.test?.parent?.suites[0]?.file;
    if (TEST_TIMES !== undefined && file !== undefined) {
      appendFileSync(TEST_TIMES, `${Math.round(performance.now() - begun)}\t${file}\n`);
    }
  },
};

/** Once, before the processes that run files are started: they have one PostgreSQL together. */
export async function mochaGlobalSetup(): Promise<void> {
  const files = process.argv.filter((argument) => argument.endsWith('.test.ts'));
  if (files.some((file) => readFileSync(file, 'utf8').includes('postgres'))) {
    await startPostgres();
  }
}

export async function mochaGlobalTeardown(): Promise<void> {
  await stopPostgres();
}
