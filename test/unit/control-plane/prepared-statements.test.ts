import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Knex } from 'knex';
import { openDatabase } from '../../../control-plane/src/db/connection.ts';

describe('Statements that a connection keeps', () => {
  const folder = mkdtempSync(join(tmpdir(), 'flowyard-statements-'));
  const file = join(folder, 'test.sqlite');
  let knex: Knex;

  beforeEach(async () => {
    knex = openDatabase({ file });
    await knex.schema.createTable('pumps', (table) => {
      table.integer('id').primary();
      table.string('name').notNullable();
    });
    await knex('pumps').insert({ id: 1, name: 'north' });
    await knex('pumps').insert({ id: 2, name: 'south' });
  });
  afterEach(async () => {
    await knex.schema.dropTable('pumps');
    await knex.destroy();
  });
  after(() => rmSync(folder, { recursive: true }));

  const nameOf = async (id: number) => (await knex('pumps').where({ id }).first('name'))?.name;

  it('answer with what they are given each time', async () => {
    assert.deepEqual(
      [await nameOf(1), await nameOf(2), await nameOf(3), await nameOf(1)],
      ['north', 'south', undefined, 'north'],
    );
    assert.equal(await knex('pumps').where({ id: 1 }).update({ name: 'east' }), 1);
    assert.equal(await knex('pumps').where({ id: 3 }).update({ name: 'west' }), 0);
    assert.equal(await nameOf(1), 'east');
  });

  it('are asked many times at once', async () => {
    const names = await Promise.all(Array.from({ length: 50 }, (_each, index) => nameOf(1 + (index % 2))));

    assert.deepEqual(new Set(names), new Set(['north', 'south']));
  });

  it('see columns that came later', async () => {
    await knex('pumps').where({ id: 1 }).first();
    await knex.schema.alterTable('pumps', (table) => table.string('place').defaultTo('hall'));

    assert.deepEqual(await knex('pumps').where({ id: 1 }).first(), { id: 1, name: 'north', place: 'hall' });
  });

  it('tell what is wrong each time, and go on', async () => {
    for (let round = 0; round < 3; round++) {
      await assert.rejects(knex('valves').first(), /no such table: valves/);
      await assert.rejects(knex('pumps').insert({ id: 1, name: 'again' }), /UNIQUE constraint failed/);
      await assert.rejects(Promise.all([knex.raw('selct 1'), knex.raw('selct 1')]), /syntax error/);
    }
    assert.equal(await nameOf(1), 'north');
  });

  it('hold nothing once they were answered, so that others can write', async () => {
    const other = openDatabase({ file });
    try {
      for (const id of [1, 2]) {
        await knex.transaction(async (tx) => {
          await tx('pumps').where({ id }).first();
          await tx('pumps')
            .where({ id })
            .update({ id: 20 + id })
            .returning('name');
        });
        await other('pumps').insert({ id: 10 + id, name: 'new' });
      }
      assert.deepEqual(await knex('pumps').orderBy('id').pluck('id'), [11, 12, 21, 22]);
    } finally {
      await other.destroy();
    }
  });

  it('hold nothing once they were refused, so that the connection sees what others wrote, and can write', async () => {
    const other = openDatabase({ file });
    const rename = (own: Knex, name: string) => own('pumps').where({ id: 1 }).update({ name });
    try {
      await rename(knex, 'east');
      await knex.raw('begin');
      await nameOf(1);
      await rename(other, 'west');
      await assert.rejects(rename(knex, 'north-east'), /SQLITE_BUSY/);
      await knex.raw('rollback');

      assert.equal(await nameOf(1), 'west');
      await other('pumps').insert({ id: 3, name: 'new' });
      await knex('pumps').where({ id: 2 }).delete();
      assert.deepEqual(await knex('pumps').orderBy('id').pluck('id'), [1, 3]);
    } finally {
      await other.destroy();
    }
  });

  it('come again after so many others that they are kept no more', async () => {
    const rowsOf = (count: number) => knex.raw(`select ${count} as n from pumps where id = ?`, [1]);
    for (const round of [1, 2]) {
      for (let count = 1; count <= 300; count++) {
        assert.deepEqual(await rowsOf(count), [{ n: count }], `round ${round}`);
      }
    }
    assert.equal(await nameOf(2), 'south');
  });

  it('are not those of many rows, which answer as well', async () => {
    const ids = Array.from({ length: 2000 }, (_each, index) => index);
    for (let round = 0; round < 2; round++) {
      assert.deepEqual(await knex('pumps').whereIn('id', ids).orderBy('id').pluck('id'), [1, 2]);
    }
  });
});
