import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { runCommand } from '../../../integration/device-agent/support/agent-process.ts';
import { eventually } from '../../../support/eventually.ts';
import type { Fault } from '../fault.ts';
import type { Site } from '../site.ts';

const DISK_MB = 12;
let canMount: boolean | null = null;

function needsMount(): string | null {
  if (canMount === null) {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'flowyard-mount-'));
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { stdio: 'ignore' });
      execFileSync('umount', [folder]);
      canMount = true;
    } catch {
      canMount = false;
    }
    rmSync(folder, { recursive: true, force: true });
  }
  return canMount ? null : 'file systems cannot be mounted';
}

/** Leaves no byte free. */
function fill(site: Site): void {
  for (const [index, size] of [1024 * 1024, 4096].entries()) {
    const chunk = randomBytes(size);
    const file = site.file(`filler-${index}`);
    try {
      for (;;) {
        writeFileSync(file, chunk, { flag: 'a' });
      }
    } catch {
      // Full.
    }
  }
}

function free(site: Site): void {
  rmSync(site.file('filler-0'), { force: true });
  rmSync(site.file('filler-1'), { force: true });
}

const journalFiles = (site: Site) =>
  readdirSync(site.file('journal'))
    .filter((name) => name.endsWith('.json'))
    .map((name) => site.file('journal', name));

/** Ends everything, does something to the files, and starts without a network. */
async function startAfter(site: Site, damage: () => void): Promise<string | null> {
  await site.device.end('SIGTERM');
  damage();
  site.device.start();
  await site.answers('one');
  return site.device.get('/hello');
}

const start = { expected: { flows: 'one', snapshot: 'snap001', state: 'running', givenUp: null } };

export const DISK_FAULTS: Fault[] = [
  {
    name: 'disk full when an update comes, then freed',
    diskMb: DISK_MB,
    impossible: needsMount,
    expected: {
      flows: 'two',
      snapshot: 'snap002',
      givenUp: null,
      'flows meanwhile': 'one',
      'reason meanwhile': /disk of the device is full/,
      gap: 0,
    },
    async run(site) {
      fill(site);
      site.target({ snapshot: site.snapshot('snap002', 'two') });
      await site.says(/full/);
      const meanwhile = await site.facts();
      free(site);
      await site.runs('snap002');
      return { 'flows meanwhile': meanwhile.flows, 'reason meanwhile': meanwhile.reason };
    },
  },
  {
    name: 'disk full, and Node-RED is killed',
    diskMb: DISK_MB,
    impossible: needsMount,
    ...start,
    async run(site) {
      fill(site);
      const before = (await site.device.nodeRedPid()) ?? 0;
      process.kill(before, 'SIGKILL');
      await eventually(async () => (await site.device.get('/hello')) === null);
      await site.answers('one');
      return {};
    },
  },
  {
    name: 'disk full, and the machine is started again',
    diskMb: DISK_MB + 40,
    impossible: needsMount,
    ...start,
    async run(site) {
      fill(site);
      await site.device.end('SIGTERM');
      fill(site);
      site.device.start();
      await site.answers('one');
      return {};
    },
  },
  {
    name: 'folder becomes read-only when an update comes, then writable',
    quick: true,
    impossible: needsMount,
    expected: {
      flows: 'two',
      snapshot: 'snap002',
      givenUp: null,
      'flows meanwhile': 'one',
      'reason meanwhile': /read-only/,
      gap: 0,
    },
    async run(site) {
      site.mountReadOnly();
      site.target({ snapshot: site.snapshot('snap002', 'two') });
      await site.says(/read-only/);
      const meanwhile = await site.facts();
      site.unmount();
      await site.runs('snap002');
      return { 'flows meanwhile': meanwhile.flows, 'reason meanwhile': meanwhile.reason };
    },
  },
  {
    name: 'started on a read-only folder, then on a writable one',
    impossible: needsMount,
    expected: { ...start.expected, 'exit code': 73, 'what it says': /read-only/ },
    async run(site) {
      await site.device.end('SIGTERM');
      site.mountReadOnly();
      const { code, stderr } = await runCommand('--dir', site.device.folder, '--port', '0');
      site.unmount();
      site.device.start();
      await site.runs('snap001');
      return { 'exit code': code, 'what it says': stderr };
    },
  },
  {
    name: 'each file of the journal cut in half, one after the other',
    ...start,
    async run(site) {
      for (const file of journalFiles(site)) {
        await startAfter(site, () => truncateSync(file, Math.floor(readFileSync(file).length / 2)));
      }
      return {};
    },
  },
  {
    name: 'all files of the journal garbage, started without a network',
    quick: true,
    ...start,
    async run(site) {
      await site.plane.stop();
      await startAfter(site, () => {
        for (const file of journalFiles(site)) {
          writeFileSync(file, randomBytes(300));
        }
      });
      await site.plane.start();
      await site.runs('snap001');
      return {};
    },
  },
  {
    name: 'all files of the journal empty, or away',
    ...start,
    async run(site) {
      await startAfter(site, () => {
        for (const file of journalFiles(site)) {
          writeFileSync(file, '');
        }
      });
      await startAfter(site, () => rmSync(site.file('journal'), { recursive: true }));
      await site.runs('snap001');
      return {};
    },
  },
  {
    name: 'status.json, the locks and the log are garbage',
    quick: true,
    ...start,
    async run(site) {
      await startAfter(site, () => {
        for (const name of ['status.json', 'agent.lock', 'data/.flowyard-lock.json', 'node-red.log']) {
          writeFileSync(site.file(name), randomBytes(200));
        }
      });
      await site.runs('snap001');
      return {};
    },
  },
];
