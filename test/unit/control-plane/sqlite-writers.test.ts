import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Knex } from 'knex';
import { openDatabase } from '../../../control-plane/src/db/connection.ts';

describe('Two that write to one SQLite file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'flowyard-writers-'));
  let server: Knex;
  let command: Knex;

  before(async () => {
    server = openDatabase({ file: join(folder, 'test.sqlite') });
    command = openDatabase({ file: join(folder, 'test.sqlite') });
    await server.schema.createTable('counts', (table) => table.integer('count').notNullable());
    await server('counts').insert({ count: 0 });
  });
  after(async () => {
    await Promise.all([server?.destroy(), command?.destroy()]);
    rmSync(folder, { recursive: true });
  });

  /** Counts on from what it read a while before. */
  const countUp = (knex: Knex, ms: number) =>
    knex.transaction(async (tx) => {
      const { count } = await tx('counts').first();
      await delay(ms);
      await tx('counts').update({ count: count + 1 });
    });

  it('wait for each other, also when both read first', async () => {
    await Promise.all([
      countUp(server, 20),
      countUp(command, 20),
      countUp(server, 0),
      countUp(command, 0),
      countUp(server, 5),
    ]);

    assert.deepEqual(await server('counts').first(), { count: 5 });
  });
});
