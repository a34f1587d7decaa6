import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');

interface Manifest {
  name: string;
  license?: string;
  repository?: { type: string; url: string; directory: string };
  keywords?: string[];
  engines?: { node?: string };
  dependencies?: Record<string, string>;
  'node-red': { version?: string; nodes?: Record<string, string>; plugins?: Record<string, string> };
}

function read(folder: string): Manifest {
  return JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'));
}

/** The types of nodes, as the editor is told of them. */
function registeredTypes(): string[] {
  return Object.values(read('nodes')['node-red'].nodes ?? {}).flatMap((file) =>
    [
      ...readFileSync(join(ROOT, 'nodes', file.replace(/\.js$/, '.html')), 'utf8').matchAll(
        /registerType\("([^"]+)"/g,
      ),
    ].map(([, type = '']) => type),
  );
}

/** What the community's package check asks for, as far as it can be asked without its catalogue. */
describe('The packages for Node-RED', () => {
  for (const folder of ['nodes', 'plugins']) {
    it(`say what the palette wants to know: ${folder}`, () => {
      const manifest = read(folder);

      assert.match(manifest.name, /^@flowyard\//);
      assert.equal(manifest.license, 'Apache-2.0');
      assert.match(manifest.repository?.url ?? '', /^git\+https:\/\/.+\.git$/);
      assert.equal(manifest.repository?.directory, folder);
      assert.ok(manifest.keywords?.includes('node-red'));
      assert.equal(manifest.engines?.node, '>=18.5');
      assert.equal(manifest['node-red'].version, '>=4.1.0');
      assert.ok(Object.keys(manifest.dependencies ?? {}).length <= 6);
      for (const file of Object.values({ ...manifest['node-red'].nodes, ...manifest['node-red'].plugins })) {
        assert.ok(existsSync(join(ROOT, folder, file)), `${file} was built`);
        assert.ok(
          existsSync(join(ROOT, folder, file.replace(/\.js$/, '.html'))),
          `${file} has its editor part`,
        );
      }
    });
  }

  it('show every node in an example', () => {
    const examples = join(ROOT, 'nodes/examples');
    const used = new Set(
      readdirSync(examples).flatMap((file) =>
        (JSON.parse(readFileSync(join(examples, file), 'utf8')) as Array<{ type: string }>).map(
          ({ type }) => type,
        ),
      ),
    );

    for (const type of registeredTypes()) {
      assert.ok(used.has(type), `${type} is in no example`);
    }
  });

  it('need nothing that must be compiled, and neither does the agent', () => {
    const compiled = new Set(['sqlite3', 'better-sqlite3', '@node-rs/argon2', 'bcrypt']);

    for (const folder of ['nodes', 'plugins', 'launcher', 'protocol', 'device-agent']) {
      for (const dependency of Object.keys(read(folder).dependencies ?? {})) {
        assert.ok(!compiled.has(dependency), `${folder} needs ${dependency}`);
      }
    }
  });
});
