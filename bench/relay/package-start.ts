import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchOptions } from '../options.ts';
import { measuredRow, type Row } from '../rows.ts';

const ROOT = join(import.meta.dirname, '../..');
const MOST_MS = 30;

interface Manifest {
  'node-red': { nodes?: Record<string, string>; plugins?: Record<string, string> };
}

/** Loads and registers all of a package as Node-RED does, in a process that has done nothing else. */
function startOnce(files: readonly string[]): number {
  const code = `
    const RED = new Proxy(function () {}, { get: (_, key) => (key === Symbol.toPrimitive ? () => '' : RED), apply: () => RED });
    const begin = performance.now();
    for (const file of ${JSON.stringify(files)}) {
      const loaded = require(file);
      (loaded.default ?? loaded)(RED);
    }
    process.stdout.write(String(performance.now() - begin));`;
  return Number(execFileSync(process.execPath, ['-e', code], { encoding: 'utf8' }));
}

/** What our packages add to the start of a Node-RED. */
export function benchPackageStart({ quick }: BenchOptions): Row[] {
  return ['nodes', 'plugins'].map((name) => {
    const manifest = JSON.parse(readFileSync(join(ROOT, name, 'package.json'), 'utf8')) as Manifest;
    const { nodes, plugins } = manifest['node-red'];
    const files = Object.values({ ...nodes, ...plugins }).map((file) => join(ROOT, name, file));
    const times = Array.from({ length: quick ? 5 : 20 }, () => startOnce(files));
    const row = measuredRow(
      { row: 'E', what: 'loading a package when Node-RED starts', variant: `@flowyard/${name}`, unit: 'ms' },
      times,
    );
    return { ...row, goal: `≤ ${MOST_MS} ms`, met: row.median <= MOST_MS };
  });
}
