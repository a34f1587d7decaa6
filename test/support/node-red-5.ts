import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const NODE_RED = '5.0.7';
/** Node-RED 5 needs Node.js 22.9 or newer. */
const NODE_JS = '24';
const CACHE = join(import.meta.dirname, '../../.cache');
const run = promisify(execFile);

/** Node-RED 5 with a Node.js of its own, installed by npm once. */
export async function installNodeRed5(): Promise<string> {
  const folder = join(CACHE, `node-red-${NODE_RED}`);
  if (existsSync(folder)) {
    return folder;
  }
  mkdirSync(CACHE, { recursive: true });
  const next = mkdtempSync(join(CACHE, 'installs-'));
  try {
    writeFileSync(join(next, 'package.json'), '{"name": "stack", "private": true}');
    const nodeJs = `node-${process.platform}-${process.arch}@${NODE_JS}`;
    const quiet = ['--no-audit', '--no-fund', '--loglevel=error', '--ignore-scripts'];
    await run('npm', ['install', ...quiet, `node-red@${NODE_RED}`, nodeJs], { cwd: next });
    renameSync(next, folder);
  } catch (error) {
    rmSync(next, { recursive: true, force: true });
    throw error;
  }
  return folder;
}
