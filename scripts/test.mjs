// Builds, runs the tests and ends with one line that counts them: `npm test`, or `npm test -- <files or folders>`.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
/** Those whose files take longest come first, so that all are busy until the end. */
const FOLDERS = ['e2e', 'integration', 'unit'];
const GRACE_MS = 10_000;

function filesIn(path) {
  if (!statSync(path).isDirectory()) {
    return [path];
  }
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesIn(join(path, name)))
    .filter((file) => file.endsWith('.test.ts'));
}

const asked = process.argv.slice(2);
const places = asked.length > 0 ? asked : FOLDERS.map((folder) => join(root, 'test', folder));
const files = places.flatMap((place) => filesIn(place));

// Many tests start what was built.
const built = spawnSync(process.execPath, [join(root, 'scripts/build.mjs')], { cwd: root, stdio: 'inherit' });
if (built.status !== 0) {
  process.exit(1);
}
const notes = mkdtempSync(join(tmpdir(), 'flowyard-times-'));
const mocha = spawn(
  process.execPath,
  [
    '--import=tsx',
    join(root, 'node_modules/mocha/bin/mocha.js'),
    '--extension=ts',
    '--exit',
    '--timeout=120000',
    // Much of the time is waiting: for Node-RED, for a browser, for what must not happen.
    ...(files.length > 1 ? ['--parallel', '--jobs=3'] : []),
    `--require=${join(root, 'test/support/hooks.ts')}`,
    `--reporter=${join(root, 'scripts/counting-reporter.cjs')}`,
    ...files,
  ],
  { cwd: root, stdio: 'inherit', env: { ...process.env, TEST_TIMES: join(notes, 'times') } },
);
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    mocha.kill(signal);
    setTimeout(() => mocha.kill('SIGKILL'), GRACE_MS).unref();
  });
}
mocha.on('exit', (code) => {
  rmSync(notes, { recursive: true });
  process.exit(code ?? 1);
});
