// Bundles the plugins. The runtime ones are loaded by the launcher's child by path, so each is one CommonJS file.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const folder = import.meta.dirname;

/** Every file that is made: where it is, from what. */
const RUNTIME_PLUGINS = ['storage', 'identity', 'audit'];

await Promise.all(
  RUNTIME_PLUGINS.map((name) =>
    build({
      entryPoints: [join(folder, 'src', name, 'main.ts')],
      outfile: join(folder, 'dist/runtime', `${name}.js`),
      bundle: true,
      platform: 'node',
      format: 'cjs',
      target: 'node20',
      logLevel: 'warning',
    }),
  ),
);

mkdirSync(join(folder, 'dist'), { recursive: true });
await buildSidebar();
writeFileSync(join(folder, 'dist/.built'), '');

/** The plugin for Node-RED's editor: a runtime file, an HTML file with style and script beside it, and the words. */
async function buildSidebar() {
  const source = join(folder, 'src/sidebar');
  const dist = join(folder, 'dist');
  await build({
    entryPoints: [join(source, 'runtime/main.ts')],
    outfile: join(dist, 'flowyard-sidebar.js'),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node18',
    // Packages are to be small; names are kept, since they stand in stack traces.
    minify: true,
    keepNames: true,
    logLevel: 'warning',
  });
  const { outputFiles } = await build({
    entryPoints: [join(source, 'editor/main.ts')],
    bundle: true,
    write: false,
    platform: 'browser',
    format: 'iife',
    target: 'es2022',
    charset: 'utf8',
    minify: true,
    logLevel: 'warning',
  });
  const style = readFileSync(join(source, 'editor/style.css'), 'utf8');
  writeFileSync(
    join(dist, 'flowyard-sidebar.html'),
    `<style>\n${style}</style>\n<script type="text/javascript">\n${outputFiles[0].text}</script>\n`,
  );
  cpSync(join(source, 'locales'), join(dist, 'locales'), { recursive: true });
}
