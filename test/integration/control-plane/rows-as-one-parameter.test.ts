import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type { Knex } from 'knex';
import { openDatabase } from '../../../control-plane/src/db/connection.ts';
import { type Fields, rowsOf } from '../../../control-plane/src/db/many.ts';
import { freshPostgres, type TestDatabase } from '../../support/postgres.ts';

interface Reading {
  pump: string;
  pressure: number | null;
  strokes: number;
  note: string | null;
  isOpen: boolean;
}

const READING: Fields<Reading> = {
  pump: 'text',
  pressure: 'double precision',
  strokes: 'integer',
  note: 'text',
  isOpen: 'boolean',
};

for (const database of ['sqlite', 'postgres'] as const) {
  describe(`Objects as rows of one parameter, on ${database}`, function () {
    this.timeout(60_000);
    const folder = mkdtempSync(join(tmpdir(), 'flowyard-rows-'));
    let postgres: TestDatabase | undefined;
    let knex: Knex;
    before(async () => {
      postgres = database === 'postgres' ? await freshPostgres() : undefined;
      knex = openDatabase(postgres ? { url: postgres.url } : { file: join(folder, 'test.sqlite') });
    });
    after(async () => {
      await knex?.destroy();
      await postgres?.drop();
      rmSync(folder, { recursive: true });
    });

    const comeBack = async (readings: Reading[]): Promise<Reading[]> => {
      const names = Object.keys(READING);
      const columns = names.map((name) => `told."${name}" as "${name}"`).join(', ');
      const answer = await knex.raw(`select ${columns} from ?`, [rowsOf(knex, READING, readings)]);
      const rows: Reading[] = database === 'postgres' ? answer.rows : answer;
      return rows.map((row) => ({ ...row, isOpen: Boolean(row.isOpen) }));
    };

    it('come back as they were given, whatever they have in common', async () => {
      // One of few values: often all have the same.
      const reading = fc.record<Reading>(
        {
          pump: fc.constantFrom('north', 'süd “2”', 'null', '{"a": ?}'),
          pressure: fc.constantFrom(null, 0, 1.5, -3),
          strokes: fc.constantFrom(0, 7),
          note: fc.constantFrom(null, '', 'two\nlines'),
          isOpen: fc.boolean(),
        },
        { noNullPrototype: true },
      );
      await fc.assert(
        fc.asyncProperty(fc.array(reading, { maxLength: 4 }), async (readings) => {
          assert.deepEqual(await comeBack(readings), readings);
        }),
        { numRuns: 200 },
      );
    });
  });
}
