import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

const VERSION = '1.2.3';
const SPARE_PART = 'flowyard-spare-part';

interface ModuleContent {
  version?: string;
  /** Fields of its package.json beside name and version. */
  description?: Record<string, unknown>;
  files?: Record<string, string>;
}

/** A registry of a few modules on this machine, which can be slow or away. */
export class TinyRegistry {
  readonly module = { [SPARE_PART]: VERSION };
  isAway = false;
  /** Each answer takes so long. */
  delayMs = 0;
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'flowyard-registry-'));
  /** By name, then by version. */
  readonly #descriptions = new Map<string, Map<string, object>>();
  readonly #server = createServer((request, response) => {
    setTimeout(() => this.#answer(request, response), this.delayMs);
  });

  async start(): Promise<this> {
    this.add(SPARE_PART, { files: { 'index.js': 'module.exports = "part";' } });
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  /** Offers a version of a module, the latest from now on. Answers it as a manifest names it. */
  add(
    name: string,
    { version = VERSION, description = {}, files = {} }: ModuleContent,
  ): Record<string, string> {
    const folder = path.join(this.#folder, 'package');
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    const manifest = { name, version, ...description };
    for (const [file, content] of Object.entries({ ...files, 'package.json': JSON.stringify(manifest) })) {
      writeFileSync(path.join(folder, file), content);
    }
    execFileSync('tar', [
      '-czf',
      path.join(this.#folder, `${name}@${version}.tgz`),
      '-C',
      this.#folder,
      'package',
    ]);
    const versions = this.#descriptions.get(name) ?? new Map<string, object>();
    this.#descriptions.set(name, versions.set(version, manifest));
    return { [name]: version };
  }

  /** For the environment of an agent: it knows no other registry, and npm remembers nothing from before. */
  environment(): Record<string, string> {
    return {
      npm_config_registry: `${this.#url}/`,
      npm_config_cache: this.#cache,
      npm_config_fetch_retries: '0',
    };
  }

  /** Has npm forget what it fetched before. */
  forget(): void {
    rmSync(this.#cache, { recursive: true, force: true });
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get #cache(): string {
    return path.join(this.#folder, 'cache');
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const file = path.basename(request.url ?? '');
    const versions = this.#descriptions.get(file.replace(/@[^@]*$/, ''));
    if (this.isAway) {
      request.socket.destroy();
    } else if (versions === undefined) {
      response.writeHead(404).end('{}');
    } else if (file.endsWith('.tgz')) {
      response.end(readFileSync(path.join(this.#folder, file)));
    } else {
      const packument = this.#packument(file, versions);
      response.setHeader('content-type', 'application/json').end(JSON.stringify(packument));
    }
  }

  #packument(name: string, versions: Map<string, object>): object {
    const described = [...versions].map(([version, manifest]) => {
      const hasInstallScript = 'scripts' in manifest;
      const dist = { tarball: `${this.#url}/${name}@${version}.tgz` };
      return [version, { ...manifest, hasInstallScript, dist }] as const;
    });
    const latest = [...versions.keys()].at(-1);
    return { name, 'dist-tags': { latest }, versions: Object.fromEntries(described) };
  }
}
