// Builds every package. What is up to date is not built again, so that `npm start` is quick.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

function run(command, args) {
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (result.status !== 0) {
    process.exit(result.status ?? 1);
  }
}

function newestIn(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) {
    return stat.mtimeMs;
  }
  return readdirSync(path)
    .filter((name) => name !== 'node_modules' && name !== 'dist')
    .reduce((newest, name) => Math.max(newest, newestIn(join(path, name))), stat.mtimeMs);
}

/** Runs a step when one of its inputs is newer than its output. */
function step(output, inputs, command, args) {
  const made = existsSync(join(root, output)) ? statSync(join(root, output)).mtimeMs : 0;
  const changed = inputs.some((input) => existsSync(join(root, input)) && newestIn(join(root, input)) > made);
  if (changed) {
    run(command, args);
  }
}

const bin = (name) => join(root, 'node_modules/.bin', name);
run(bin('tsc'), ['-b']);
const bundle = (folder, entry, name, inputs) =>
  step(`${folder}/dist/${name}.js`, [folder, 'scripts/bundle.mjs', ...inputs], process.execPath, [
    'scripts/bundle.mjs',
    ...[folder, entry, name],
  ]);
bundle('launcher', 'src/child/main.ts', 'child', []);
bundle('control-plane', 'src/main.ts', 'main', ['protocol/src', 'launcher/src']);
bundle('device-agent', 'src/main.ts', 'main', ['protocol/src', 'launcher/src']);
step('plugins/dist/.built', ['plugins', 'protocol/src'], process.execPath, ['plugins/build.mjs']);
step('nodes/dist/.built', ['nodes', 'protocol/src'], process.execPath, ['nodes/build.mjs']);
step(
  'control-plane/dist/web/index.html',
  ['control-plane/web', 'protocol/src', 'docs/help'],
  process.execPath,
  ['control-plane/web/build.mjs'],
);
step('control-plane/dist/blueprints/.built', ['examples/blueprints'], process.execPath, [
  'scripts/copy-blueprints.mjs',
]);
step('control-plane/dist/docs/start.html', ['docs', 'scripts/build-docs.mjs'], process.execPath, [
  'scripts/build-docs.mjs',
]);
