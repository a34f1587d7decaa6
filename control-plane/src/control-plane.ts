import { mkdirSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { readProcessLock, takeProcessLock } from '@flowyard/launcher';
import { buildOpenApi } from '@flowyard/protocol';
import express, { type Express } from 'express';
import type { Knex } from 'knex';
import type { Logger } from 'pino';
import { compose, type Parts } from './compose.ts';
import { type Config, ConfigError } from './config.ts';
import { migrate, openDatabase } from './db/connection.ts';
import { Database } from './db/database.ts';
import { readBundledNodeRedVersion } from './drivers/local/stacks.ts';
import { seedBlueprints } from './features/blueprints/shipped.ts';
import { prometheusMetrics } from './features/metrics/prometheus.ts';
import { seedCatalogue } from './features/stacks/seed.ts';
import { createApi } from './http/api.ts';
import { checkRoutes } from './http/check-routes.ts';
import { handleErrors, noSuchPath } from './http/handle-errors.ts';
import { Listeners } from './http/listeners.ts';
import { Upgrades } from './http/upgrades.ts';
import { securityHeaders, webPage } from './http/web-page.ts';
import { packageFolder } from './package-folder.ts';
import { Changes } from './relay/changes.ts';
import { createRoutes } from './routes.ts';
import { loadSecretKey } from './secrets/secret-key.ts';
import { Vault } from './secrets/vault.ts';

export const VERSION = '0.1.0';
const DIST_DIR = join(packageFolder('@flowyard/control-plane'), 'dist');
const ADMIN_USERNAME = 'admin';
const CLEAN_UP_MS = 60 * 60_000;
const KEEP_IDEMPOTENCY_KEYS_MS = 24 * 60 * 60_000;

/** What a test wants to be told. */
export interface Watch {
  onQuery?: (query: { sql: string }) => void;
}

/** Two control planes on one folder would both run its instances. */
async function lockDataFolder(dataDir: string): Promise<void> {
  const file = join(dataDir, 'control-plane.lock');
  if (!(await takeProcessLock(file))) {
    const owner = readProcessLock(file);
    throw new ConfigError(
      `FLOWYARD_DATA: ${dataDir} is in use by another control plane (process ${owner?.pid})`,
    );
  }
}

/** The server: everything that runs, from start to stop. */
export class ControlPlane {
  readonly #config: Config;
  readonly #logger: Logger;
  readonly #db: Database;
  readonly #listeners: Listeners;
  readonly #parts: Parts;
  #cleanUp: NodeJS.Timeout | undefined;
  #stopping = false;

  private constructor(config: Config, logger: Logger, knex: Knex) {
    this.#config = config;
    this.#logger = logger;
    const vault = new Vault(loadSecretKey(config.secretKey, config.dataDir));
    const changes = new Changes();
    this.#db = new Database(knex, changes, vault.auditKey);
    this.#listeners = new Listeners(config);
    const db = this.#db;
    this.#parts = compose({ config, logger, db, changes, vault, listeners: this.#listeners });
  }

  /** Opens the database and starts everything. Resolves when requests are answered. */
  static async start(config: Config, logger: Logger, watch: Watch = {}): Promise<ControlPlane> {
    mkdirSync(config.dataDir, { recursive: true, mode: 0o700 });
    await lockDataFolder(config.dataDir);
    const knex = openDatabase(
      config.databaseUrl === null
        ? { file: join(config.dataDir, 'flowyard.sqlite') }
        : { url: config.databaseUrl },
    );
    await migrate(knex);
    if (watch.onQuery) {
      knex.on('query', watch.onQuery);
    }
    const controlPlane = new ControlPlane(config, logger, knex);
    try {
      await controlPlane.#start();
    } catch (error) {
      await controlPlane.stop({ stopInstances: false });
      throw error;
    }
    return controlPlane;
  }

  get url(): string {
    return this.#listeners.publicUrl();
  }

  /** The link with which the first administrator is made; null when there is one. */
  async setupLink(): Promise<string | null> {
    const key = await this.#parts.users.openSetup();
    return key === null ? null : `${this.url}/setup?key=${key}`;
  }

  async #start(): Promise<void> {
    const { users, driver, stacks, runner, changeRunner, trials, liveHub, agentHub, queue, watch, recorder } =
      this.#parts;
    await seedCatalogue(this.#db, readBundledNodeRedVersion());
    await seedBlueprints(this.#db, join(DIST_DIR, 'blueprints'));
    await stacks.recover();
    await this.#db.stores.devices.setAllOffline();
    const password = this.#config.adminPassword;
    if (password !== null && (await users.setupNeeded())) {
      await users.create(null, { username: ADMIN_USERNAME, password, admin: true });
    }
    liveHub.start();
    agentHub.start();
    await this.#listen();
    await driver.start();
    await runner.start();
    await changeRunner.start();
    this.#parts.triggerPuller.start();
    await trials.start();
    queue.start();
    await this.#parts.auditStreamer.start();
    watch.start();
    this.#parts.hosts.start();
    recorder.start();
    this.#parts.indexFiller.start();
    this.#parts.usageMeter.start();
    this.#parts.modes.start();
    this.#parts.snapshotScheduler.start();
    this.#parts.automaticSnapshots.start(agentHub);
    this.#parts.partCheck.start();
    this.#cleanUp = setInterval(() => void this.#deleteExpired(), CLEAN_UP_MS);
    await this.#deleteExpired();
  }

  async #listen(): Promise<void> {
    const { proxy } = this.#parts;
    const app = this.#createApp();
    const upgrades = new Upgrades({ ...this.#parts, publicUrl: () => this.url, logger: this.#logger });
    await this.#listeners.start({
      // Requests for instances do not pass through Express: that would halve their rate.
      request: (request: IncomingMessage, response: ServerResponse) =>
        proxy.handles(request) ? proxy.request(request, response) : app(request, response),
      upgrade: (request, socket, head) =>
        proxy.handles(request)
          ? proxy.upgrade(request, socket, head)
          : upgrades.handle(request, socket, head),
    });
  }

  #createApp(): Express {
    const routes = createRoutes(this.#parts, this.#db.stores, () => this.url.startsWith('https:'));
    checkRoutes(routes);
    let openApi: string | undefined;
    const app = express();
    app.disable('x-powered-by');
    app.set('etag', false);
    app.set('trust proxy', this.#config.trustedProxies.length > 0 ? this.#config.trustedProxies : false);
    app.use(securityHeaders(() => this.url.startsWith('https:')));
    app.get('/healthz', (_request, response) => {
      response.json({ status: 'ok' });
    });
    app.get('/readyz', async (_request, response) => {
      const problems = await this.#problems();
      response.status(problems.length === 0 ? 200 : 503).json({ ready: problems.length === 0, problems });
    });
    app.get(
      '/metrics',
      prometheusMetrics({ ...this.#parts, db: this.#db, hostOf: (id) => this.#parts.hosts.of(id) }),
    );
    app.get('/api/v1/openapi.json', (_request, response) => {
      // Made when somebody first asks: it takes longer than the rest of the start.
      openApi ??= JSON.stringify(buildOpenApi(VERSION));
      response.type('json').send(openApi);
    });
    app.use('/api/v1', createApi(routes, { ...this.#parts, stores: this.#db.stores }));
    app.use('/api', noSuchPath());
    app.use(webPage(DIST_DIR));
    app.use(noSuchPath());
    app.use(handleErrors(this.#logger));
    return app;
  }

  async #problems(): Promise<string[]> {
    const database = await this.#db.check().then(
      () => null,
      () => 'The database does not answer.',
    );
    const all = [
      database,
      this.#parts.driver.problem(),
      this.#stopping ? 'The server is shutting down.' : null,
    ];
    return all.filter((problem) => problem !== null);
  }

  async #deleteExpired(): Promise<void> {
    try {
      await this.#db.stores.sessions.deleteExpired(new Date().toISOString());
      await this.#db.stores.idempotency.deleteBefore(
        new Date(Date.now() - KEEP_IDEMPOTENCY_KEYS_MS).toISOString(),
      );
      await this.#db.stores.passwordResets.deleteExpired(new Date().toISOString());
      await this.#db.stores.passkeys.deleteExpired(new Date().toISOString());
      await this.#parts.invitations.deleteExpired(Date.now());
      await this.#parts.registrations.deleteExpired();
      await this.#parts.nodeRedSignIns.deleteExpired();
      await this.#parts.recycleBin.purgeOld();
      await this.#parts.partCleanup.run();
      await this.#parts.audit.prune();
      await this.#parts.queue.deleteOld();
      await this.#parts.notifications.deleteOld();
      await this.#parts.metrics.deleteOld();
    } catch (error) {
      this.#logger.error({ err: error }, 'what has expired could not be deleted');
    }
  }

  /** Ends requests and connections; hosted instances go on unless told otherwise. */
  async stop(options: { stopInstances: boolean }): Promise<void> {
    if (this.#stopping) {
      return;
    }
    this.#stopping = true;
    const {
      liveHub,
      agentHub,
      stacks,
      runner,
      changeRunner,
      trials,
      driver,
      driverHost,
      proxy,
      queue,
      mailer,
      watch,
      recorder,
    } = this.#parts;
    clearInterval(this.#cleanUp);
    // Whoever waits for a device now would have everything else wait.
    this.#parts.partRepair.stop();
    const asked = this.#parts.automaticSnapshots.stop();
    this.#parts.deviceSnapshots.stop();
    await this.#parts.partCleanup.stop();
    await this.#parts.partCheck.stop();
    await stacks.stop();
    await this.#parts.indexFiller.stop();
    await this.#parts.usageMeter.stop();
    await this.#parts.modes.stop();
    await this.#parts.snapshotScheduler.stop();
    await asked;
    await this.#parts.triggerPuller.stop();
    await runner.stop();
    await changeRunner.stop();
    trials.stop();
    await watch.stop();
    await this.#parts.hosts.stop();
    await queue.stop();
    await this.#parts.auditStreamer.stop();
    await mailer.close();
    liveHub.stop();
    this.#parts.linkHub.stop();
    await agentHub.stop();
    await driver.stop(options);
    await recorder.stop();
    proxy.close();
    this.#parts.tunnelHub.close();
    this.#listeners.destroyUpgraded();
    await this.#listeners.stop();
    await this.#parts.passwordResets.settled();
    await driverHost.settled();
    await this.#db.close();
  }
}
