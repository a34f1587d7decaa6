import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { eventually } from '../../support/eventually.ts';
import { freePort } from '../../support/ports.ts';

const require = createRequire(import.meta.url);
const ROOT = path.resolve(import.meta.dirname, '../../..');

/** Another Node-RED than the one of this repository, with a Node.js beside it when it needs a newer one. */
const STACK = process.env.FLOWYARD_TEST_STACK;
const NODE_RED = require.resolve('node-red/package.json', { paths: [STACK ?? ROOT] });
const OWN_NODE = path.join(
  STACK ?? ROOT,
  'node_modules',
  `node-${process.platform}-${process.arch}`,
  'bin/node',
);
const NODE = existsSync(OWN_NODE) ? OWN_NODE : process.execPath;

/** On a slow machine Node-RED 5 wants to show its tips before there is a place for them, and fails. */
const NOBODY_GETS_TIPS = { _: { editor: { view: { 'view-show-tips': false } } } };

/** A Node-RED with our plugin and nodes, as a user would start it. */
export class EditorServer {
  readonly folder: string;
  readonly url: string;
  output = '';
  readonly #port: number;
  readonly #environment: Record<string, string>;
  #process: ChildProcess;

  private constructor(folder: string, port: number, environment: Record<string, string>) {
    this.folder = folder;
    this.url = `http://127.0.0.1:${port}/`;
    this.#port = port;
    this.#environment = environment;
    this.#process = this.#spawn();
  }

  #spawn(): ChildProcess {
    const child = spawn(
      NODE,
      [path.join(path.dirname(NODE_RED), 'red.js'), '-u', this.folder, '-p', String(this.#port)],
      {
        env: { PATH: process.env.PATH, HOME: this.folder, ...this.#environment },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk) => {
        this.output += chunk;
      });
    }
    return child;
  }

  async #ready(): Promise<this> {
    await eventually(() => this.output.includes('Started flows'), { withinMs: 30_000 });
    return this;
  }

  static async start(
    environment: Record<string, string>,
    settings: object = {},
    flows: readonly object[] = [],
  ): Promise<EditorServer> {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'flowyard-editor-'));
    const all = {
      uiHost: '127.0.0.1',
      nodesDir: [path.join(ROOT, 'plugins'), path.join(ROOT, 'nodes')],
      flowFile: 'flows.json',
      credentialSecret: 'x',
      externalModules: { palette: { allowInstall: false } },
      telemetry: { enabled: false, updateNotification: false },
      editorTheme: { tours: false },
      ...settings,
    };
    await writeFile(path.join(folder, 'flows.json'), JSON.stringify(flows));
    await writeFile(path.join(folder, '.config.users.json'), JSON.stringify(NOBODY_GETS_TIPS));
    await writeFile(path.join(folder, 'settings.js'), `module.exports = ${JSON.stringify(all)};`);
    return new EditorServer(folder, await freePort(), environment).#ready();
  }

  /** Killed and started again on the same folder. */
  async restart(): Promise<void> {
    await this.#kill();
    this.output = '';
    this.#process = this.#spawn();
    await this.#ready();
  }

  async #kill(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill('SIGKILL');
    await ended;
  }

  async stop(): Promise<void> {
    await this.#kill();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Opens the editor and waits until our tabs are there; what goes wrong on the page is collected. */
export async function openEditor(
  browser: Browser,
  url: string,
  problems: string[],
  language = 'en-US',
  identity: string | null = 'signed.identity',
): Promise<Page> {
  const page = await browser.newPage({
    viewport: { width: 1400, height: 900 },
    locale: language,
    // What the proxy adds to each request of a person who is signed in.
    ...(identity !== null && { extraHTTPHeaders: { 'x-flowyard-identity': identity } }),
  });
  page.on('pageerror', (error) => problems.push(error.stack ?? String(error)));
  await page.goto(url, { waitUntil: 'domcontentloaded' });
  await editorIsThere(page);
  return page;
}

/** Waits until the editor of a page is loaded, with our tabs. */
export async function editorIsThere(page: Page): Promise<void> {
  await page.waitForFunction("document.querySelectorAll('.flowyard-pane').length === 3", null, {
    timeout: 30_000,
  });
  await page.waitForSelector('#red-ui-loading-progress', { state: 'hidden', timeout: 30_000 });
}

/** What the flows of the editor are as they would be deployed, by id. */
export async function flowsInEditor(page: Page): Promise<Map<string, Record<string, unknown>>> {
  const flows = (await page.evaluate(
    'JSON.parse(JSON.stringify(RED.nodes.createCompleteNodeSet({ credentials: false })))',
  )) as { id: string }[];
  return new Map(flows.map((node) => [node.id, { ...node }]));
}

/** Shows one of our tabs; answers its element. */
export async function showTab(page: Page, name: 'snapshots' | 'pipeline' | 'devices') {
  await page.evaluate(`RED.actions.invoke('flowyard:show-${name}')`);
  const pane = page.locator('.flowyard-pane:visible');
  await pane.waitFor();
  return pane;
}
