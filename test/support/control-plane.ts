import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { type Config, readConfig } from '../../control-plane/src/config.ts';
import { ControlPlane, type Watch } from '../../control-plane/src/control-plane.ts';
import { ApiClient } from './api-client.ts';
import { freshPostgres, type TestDatabase } from './postgres.ts';
import { putTables } from './prepared-database.ts';

export const ADMIN_PASSWORD = 'a password for tests';

export interface RunningControlPlane {
  url: string;
  /** Signed in as the administrator. */
  admin: ApiClient;
  dataDir: string;
  /** Somebody who is not signed in. */
  visitor(): ApiClient;
  /** Ends it with all its instances, and deletes its folder. */
  stop(): Promise<void>;
}

export interface ControlPlaneInProcess extends RunningControlPlane {
  /** Where its rows are, for what the API cannot do yet. */
  database: { url: string } | { file: string };
}

interface Options {
  /** By default SQLite. */
  database?: 'sqlite' | 'postgres';
  config?: Partial<Config>;
  watch?: Watch;
}

/** A real control plane on a free port with its own data folder, without warm processes unless asked for. */
export async function startControlPlane(options: Options = {}): Promise<ControlPlaneInProcess> {
  const dataDir = mkdtempSync(join(tmpdir(), 'flowyard-test-'));
  const database = options.database === 'postgres' ? await freshPostgres() : null;
  const config = {
    ...readConfig(['--port', '0', '--data', dataDir, '--pool', '0'], {}),
    adminPassword: ADMIN_PASSWORD,
    databaseUrl: database?.url ?? null,
    ...options.config,
  };
  if (config.databaseUrl === null) {
    await putTables(config.dataDir);
  }
  const controlPlane = await start(config, database, dataDir, options.watch);
  const admin = new ApiClient(controlPlane.url);
  await admin.signIn('admin', ADMIN_PASSWORD);
  return {
    url: controlPlane.url,
    admin,
    dataDir,
    database: database ? { url: database.url } : { file: join(dataDir, 'flowyard.sqlite') },
    visitor: () => new ApiClient(controlPlane.url),
    stop: async () => {
      await controlPlane.stop({ stopInstances: true });
      await cleanUp(database, dataDir);
    },
  };
}

async function start(
  config: Config,
  database: TestDatabase | null,
  dataDir: string,
  watch?: Watch,
): Promise<ControlPlane> {
  const logger = pino({ level: process.env.TEST_LOG_LEVEL ?? 'silent' });
  try {
    return await ControlPlane.start(config, logger, watch);
  } catch (error) {
    await cleanUp(database, dataDir);
    throw error;
  }
}

async function cleanUp(database: TestDatabase | null, dataDir: string): Promise<void> {
  await database?.drop();
  rmSync(dataDir, { recursive: true, force: true });
}
