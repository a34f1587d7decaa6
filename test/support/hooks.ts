import { stopPostgres } from './postgres.ts';

/** What every test run starts and ends with. */
export const mochaHooks = {
  async afterAll() {
    await stopPostgres();
  },
};
