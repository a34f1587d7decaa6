import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate, openDatabase } from '../../control-plane/src/db/connection.ts';

let prepared: Promise<Buffer> | undefined;

async function prepare(): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), 'flowyard-tables-'));
  try {
    const file = join(folder, 'flowyard.sqlite');
    const knex = openDatabase({ file });
    await migrate(knex);
    await knex.destroy();
    return readFileSync(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Puts an empty database that has all tables already into a data folder that has none: making them takes long. */
export async function putTables(dataDir: string): Promise<void> {
  const file = join(dataDir, 'flowyard.sqlite');
  if (!existsSync(file)) {
    prepared ??= prepare();
    const bytes = await prepared;
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    writeFileSync(file, bytes, { mode: 0o600 });
  }
}
