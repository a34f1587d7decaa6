import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FlowNode } from '@flowyard/protocol';
import { RegisteredDevice } from '../../test/integration/device-agent/support/registered-device.ts';
import type { BenchOptions } from '../options.ts';
import { measuredRow, type Row } from '../rows.ts';
import { startBareNodeRed } from '../support/bare-node-red.ts';
import { flowsOf } from '../support/flows.ts';
import { untilAnswers } from '../support/until-answers.ts';
import { GapWatch } from './gap-watch.ts';

const NODE_RED = '4.1.15';
const MODULES = { 'node-red-node-random': '0.4.1' };
const LONGEST_MS = 180_000;

/** A folder with a lock file for the same packages, as `npm ci` wants it. */
function lockedFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'flowyard-ci-'));
  const manifest = { name: 'bench', version: '1.0.0', dependencies: { 'node-red': NODE_RED, ...MODULES } };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  npm(folder, 'install');
  return folder;
}

function npm(folder: string, command: 'install' | 'ci'): number {
  const begin = performance.now();
  const options = ['--no-audit', '--no-fund', '--prefer-offline', '--ignore-scripts', '--loglevel=error'];
  execFileSync('npm', [command, ...options], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  return performance.now() - begin;
}

function snapshotOf(at: RegisteredDevice, id: string, modules: Record<string, string>) {
  return at.plane.snapshot(id, { flows: flowsOf(10, id) as FlowNode[], manifest: { modules } });
}

async function firstAfter(): Promise<number> {
  const at = await RegisteredDevice.create();
  try {
    at.device.start('--store', join(at.device.folder, 'store'));
    await at.connected();
    const begin = performance.now();
    at.plane.setTarget({ snapshot: snapshotOf(at, 'first1', MODULES) });
    await untilAnswers(`http://127.0.0.1:${at.device.port}`, '/bench', 'first1', LONGEST_MS);
    return performance.now() - begin;
  } finally {
    await at.dispose();
  }
}

/** For how long the flows do not answer while the modules change. */
async function gapsOfModuleChanges(rounds: number): Promise<number[]> {
  const at = await RegisteredDevice.create();
  const gaps: number[] = [];
  try {
    at.device.start();
    const url = `http://127.0.0.1:${at.device.port}`;
    const change = async (id: string, modules: Record<string, string>) => {
      at.plane.setTarget({ snapshot: snapshotOf(at, id, modules) });
      await untilAnswers(url, '/bench', id, LONGEST_MS);
    };
    await change('before', {});
    for (let round = 0; round < rounds; round++) {
      const watch = new GapWatch(url, '/bench');
      await change(`round${round}`, round % 2 === 0 ? MODULES : {});
      gaps.push(await watch.stop());
    }
    return gaps;
  } finally {
    await at.dispose();
  }
}

/** The first snapshot of a new device, with Node-RED and a module from npm's cache; and a change of modules. */
export async function benchFirstSnapshot({ quick, say }: BenchOptions): Promise<Row[]> {
  const rounds = quick ? 1 : 3;
  const figures = { limit: [] as number[], ours: [] as number[], bare: [] as number[] };
  const folder = lockedFolder();
  try {
    for (let round = 0; round < rounds; round++) {
      say(`D6: round ${round + 1} of ${rounds}`);
      const installMs = npm(folder, 'ci');
      const nodeRedDir = join(folder, 'node_modules', 'node-red');
      const bare = await startBareNodeRed({ flows: flowsOf(10, 'bare'), path: '/bench', nodeRedDir });
      await bare.stop();
      figures.bare.push(bare.startedAfterMs);
      figures.limit.push(installMs + bare.startedAfterMs);
      figures.ours.push(await firstAfter());
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  say('D6: changes of modules');
  const gaps = await gapsOfModuleChanges(quick ? 1 : 4);
  const what = 'first snapshot of a new device → route answers';
  const limit = measuredRow({ row: 'D6', what, variant: 'npm ci + bare start', unit: 'ms' }, figures.limit);
  const bare = measuredRow({ row: 'D6', what: 'bare start', variant: 'bare', unit: 'ms' }, figures.bare);
  const gap = measuredRow(
    { row: 'D6', what: 'other modules: no flows for', variant: 'ours', unit: 'ms' },
    gaps,
    { against: bare.median + 1000, ratio: 1, text: '≤ bare start + 1 s' },
  );
  const goal = { against: limit.median, ratio: 1.3, text: '≤ 1.3 × limit' };
  return [
    limit,
    measuredRow({ row: 'D6', what, variant: 'ours', unit: 'ms' }, figures.ours, goal),
    bare,
    gap,
  ];
}
