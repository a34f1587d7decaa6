import { type ChildProcess, spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { TcpRelay } from '../../test/faults/device/tcp-relay.ts';
import { RegisteredDevice } from '../../test/integration/device-agent/support/registered-device.ts';
import type { BenchOptions } from '../options.ts';
import { measuredRow, type Row } from '../rows.ts';
import { pssOf } from '../support/memory.ts';

const MB = 1e6;
const KB = 1e3;
const SETTLE_MS = 10_000;

/** Node.js with one WebSocket and nothing else. */
async function bareMemory(url: string): Promise<number> {
  const ws = createRequire(import.meta.url).resolve('ws');
  const code = `new (require(${JSON.stringify(ws)}).WebSocket)(${JSON.stringify(url.replace('http', 'ws'))}).on('error', () => {}); setInterval(() => {}, 1000);`;
  const child: ChildProcess = spawn(process.execPath, ['-e', code], { stdio: 'ignore' });
  await wait(SETTLE_MS / 2);
  const bytes = pssOf(child.pid ?? 0) ?? Number.NaN;
  child.kill('SIGKILL');
  return bytes;
}

/** What the agent itself costs while nothing changes: memory, and bytes on the network. */
export async function benchAgent({ quick, say }: BenchOptions): Promise<Row[]> {
  const seconds = quick ? 20 : 120;
  const at = await RegisteredDevice.create();
  const relay = new TcpRelay(Number(new URL(at.plane.url).port));
  try {
    const url = await relay.start();
    const file = path.join(at.device.folder, 'device.yml');
    await writeFile(file, (await readFile(file, 'utf8')).replace(at.plane.url, url));
    await at.startWithOne();
    await wait(SETTLE_MS);
    say(`D8: ${seconds} seconds of doing nothing`);
    const before = relay.bytes;
    const memory: number[] = [];
    for (let second = 0; second < seconds; second += 5) {
      await wait(5000);
      memory.push((pssOf(at.device.pid) ?? Number.NaN) / MB);
    }
    const perHour = ((relay.bytes - before) * 3600) / seconds / KB;
    const bare = (await bareMemory(at.plane.url)) / MB;
    return [
      measuredRow(
        { row: 'D8', what: 'memory of the agent (PSS)', variant: 'bare node with ws', unit: 'MB' },
        [bare],
      ),
      measuredRow({ row: 'D8', what: 'memory of the agent (PSS)', variant: 'ours', unit: 'MB' }, memory, {
        against: 60,
        ratio: 1,
        text: '≤ 60 MB',
      }),
      measuredRow(
        { row: 'D8', what: 'bytes in an idle hour, both ways', variant: 'ours', unit: 'kB' },
        [perHour],
        {
          against: 50,
          ratio: 1,
          text: '≤ 50 kB',
        },
      ),
    ];
  } finally {
    await at.dispose();
    await relay.stop();
  }
}
