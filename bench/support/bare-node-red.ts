import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { FlowNode } from '@flowyard/protocol';
import { freePort } from '../../test/support/ports.ts';
import { untilAnswers } from './until-answers.ts';

const BUNDLED = dirname(createRequire(import.meta.url).resolve('node-red/package.json'));

export interface BareNodeRed {
  url: string;
  pid: number;
  /** Milliseconds from starting the process to the first answer. */
  startedAfterMs: number;
  stop(): Promise<void>;
}

interface Options {
  flows?: FlowNode[];
  /** The path that must answer; by default that of the editor. */
  path?: string;
  /** The folder of node-red and the Node.js that runs it; by default the bundled one. */
  nodeRedDir?: string;
  nodePath?: string;
  /** Puts something into its user directory before it starts. */
  prepare?: (folder: string) => void;
}

/** Node-RED as its own command starts it, with nothing of ours. */
export async function startBareNodeRed(options: Options = {}): Promise<BareNodeRed> {
  const folder = mkdtempSync(join(tmpdir(), 'flowyard-bare-'));
  writeFileSync(join(folder, 'flows.json'), JSON.stringify(options.flows ?? []));
  writeFileSync(
    join(folder, 'settings.js'),
    `module.exports = { uiHost: '127.0.0.1', flowFile: 'flows.json', credentialSecret: 'bench', telemetry: { enabled: false, updateNotification: false }, logging: { console: { level: 'warn' } } };`,
  );
  options.prepare?.(folder);
  const port = await freePort();
  const red = join(options.nodeRedDir ?? BUNDLED, 'red.js');
  const begin = performance.now();
  const child = spawn(options.nodePath ?? process.execPath, [red, '-u', folder, '-p', String(port)], {
    stdio: 'ignore',
  });
  const url = `http://127.0.0.1:${port}`;
  await untilAnswers(url, options.path ?? '/');
  return {
    url,
    pid: child.pid ?? 0,
    startedAfterMs: performance.now() - begin,
    stop: () => stop(child, folder),
  };
}

async function stop(child: ChildProcess, folder: string): Promise<void> {
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
  rmSync(folder, { recursive: true, force: true });
}
