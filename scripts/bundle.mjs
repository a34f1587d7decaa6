// Bundles what is started as a program: hundreds of small modules would take longer to find than to run.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..');
/** Of the libraries only those are taken in that are many files themselves; the others are loaded as installed. */
const TAKEN_IN = ['@flowyard/protocol', '@flowyard/launcher', 'zod', 'diff'];

/** Every library that is not taken in, whatever is imported of it. */
const leaveOut = {
  name: 'leave-out',
  setup(bundler) {
    bundler.onResolve({ filter: /^[^./]/ }, ({ path, kind }) => {
      const isTakenIn = TAKEN_IN.some((name) => path === name || path.startsWith(`${name}/`));
      return kind === 'entry-point' || isTakenIn ? null : { path, external: true };
    });
  },
};

async function bundle(folder, entry, name) {
  rmSync(join(root, folder, 'dist/chunks'), { recursive: true, force: true });
  await build({
    entryPoints: [{ in: join(root, folder, entry), out: name }],
    outdir: join(root, folder, 'dist'),
    chunkNames: 'chunks/[name]-[hash]',
    splitting: true,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    plugins: [leaveOut],
    logLevel: 'warning',
  });
}

const [folder, entry, name] = process.argv.slice(2);
await bundle(folder, entry, name);
