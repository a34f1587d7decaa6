// Bundles each palette node: its runtime to dist/<type>.js, its editor part to dist/<type>.html beside it, and its
// words to dist/locales, where Node-RED looks for them.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const folder = import.meta.dirname;
const source = join(folder, 'src');
const dist = join(folder, 'dist');

/** Folder of the node, and its type. */
const NODES = {
  'device-status': 'flowyard-device-status',
  snapshot: 'flowyard-snapshot',
  link: 'flowyard-link',
  deploy: 'flowyard-deploy',
  health: 'flowyard-health',
  'update-lock': 'flowyard-update-lock',
};
const LANGUAGES = ['en-US', 'de'];

/** An HTML file; `<!-- name -->` stands for the file of that name beside it. */
function withParts(folder, file) {
  return readFileSync(join(folder, file), 'utf8').replace(/ *<!-- (\w+) -->\n/g, (_line, part) =>
    readFileSync(join(folder, `${part}.html`), 'utf8'),
  );
}

async function buildNode(name, type) {
  await build({
    entryPoints: [join(source, name, 'runtime.ts')],
    outfile: join(dist, `${type}.js`),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node18',
    external: ['ws'],
    // Palette packages are to be small; names are kept, since they stand in stack traces.
    minify: true,
    keepNames: true,
    logLevel: 'warning',
  });
  const { outputFiles } = await build({
    entryPoints: [join(source, name, 'editor.ts')],
    bundle: true,
    write: false,
    platform: 'browser',
    format: 'iife',
    target: 'es2020',
    charset: 'utf8',
    logLevel: 'warning',
  });
  const template = withParts(join(source, name), 'editor.html');
  const script = `<script type="text/javascript">\n${outputFiles[0].text}</script>\n`;
  writeFileSync(join(dist, `${type}.html`), template + script);
  for (const language of LANGUAGES) {
    cpSync(join(source, name, 'locales', language), join(dist, 'locales', language), { recursive: true });
  }
}

mkdirSync(dist, { recursive: true });
await Promise.all(Object.entries(NODES).map(([name, type]) => buildNode(name, type)));
writeFileSync(join(dist, '.built'), '');
