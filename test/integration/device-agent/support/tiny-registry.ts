import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

const NAME = 'flowyard-spare-part';
const VERSION = '1.2.3';

/** A registry of one module on this machine, which can be away. */
export class TinyRegistry {
  readonly module = { [NAME]: VERSION };
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'flowyard-registry-'));
  readonly #server = createServer((request, response) => {
    if (this.isAway) {
      request.socket.destroy();
    } else if (request.url === `/${NAME}`) {
      response.setHeader('content-type', 'application/json').end(JSON.stringify(this.#packument()));
    } else if (request.url === '/part.tgz') {
      response.end(readFileSync(path.join(this.#folder, 'part.tgz')));
    } else {
      response.writeHead(404).end('{}');
    }
  });
  isAway = false;

  async start(): Promise<this> {
    const content = path.join(this.#folder, 'package');
    mkdirSync(content);
    writeFileSync(path.join(content, 'package.json'), JSON.stringify({ name: NAME, version: VERSION }));
    writeFileSync(path.join(content, 'index.js'), 'module.exports = "part";');
    execFileSync('tar', ['-czf', path.join(this.#folder, 'part.tgz'), '-C', this.#folder, 'package']);
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this;
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

  #packument(): object {
    const dist = { tarball: `${this.#url}/part.tgz` };
    return {
      name: NAME,
      'dist-tags': { latest: VERSION },
      versions: { [VERSION]: { name: NAME, version: VERSION, dist } },
    };
  }
}
