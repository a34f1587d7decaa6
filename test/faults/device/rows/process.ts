import { mkdir, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../../../support/eventually.ts';
import type { Fault } from '../fault.ts';
import type { Site } from '../site.ts';

const PRELOAD = path.join(import.meta.dirname, '..', 'preload', 'durable-steps.cjs');
/** More than one update makes durable. */
const MOST_STEPS = 60;

/** One update, with the agent killed after its n-th durable step. False when it had fewer. */
async function updateKilledAt(site: Site, point: number, variables: boolean): Promise<boolean> {
  const id = `snapk${point + (variables ? 500 : 100)}`;
  await site.restartAgent({
    NODE_OPTIONS: `--require ${PRELOAD}`,
    FAULT_FOLDER: site.device.folder,
    FAULT_KILL_AT: String(point),
  });
  const line = { name: 'LINE', value: String(point), secret: false };
  site.target({ snapshot: site.snapshot(id, id, variables ? { variables: [line] } : {}) });
  await eventually(() => !site.device.isRunning || site.at.runs(id), { withinMs: 60_000 });
  const wasKilled = !site.device.isRunning;
  if (wasKilled) {
    await site.restartAgent();
    await site.runs(id);
  }
  await site.answers(id);
  return wasKilled;
}

async function killAtEach(site: Site, variables: boolean): Promise<Record<string, unknown>> {
  let point = 1;
  while (point < MOST_STEPS && (await updateKilledAt(site, point, variables))) {
    point += 1;
  }
  return { 'kills survived': point - 1, 'always whole': true };
}

/** What a power cut would leave after each durable step of one update, each started without a network. */
async function powerCuts(site: Site): Promise<Record<string, unknown>> {
  const copies = `${site.device.folder}-copies`;
  await mkdir(copies);
  await site.restartAgent({
    NODE_OPTIONS: `--require ${PRELOAD}`,
    FAULT_FOLDER: site.device.folder,
    FAULT_COPIES: copies,
  });
  const line = { name: 'LINE', value: '2', secret: false };
  site.target({ snapshot: site.snapshot('snap002', 'two', { variables: [line] }) });
  await site.runs('snap002');
  await site.device.end('SIGTERM');
  await site.plane.stop();
  const moments = (await readdir(copies)).filter((name) => /^\d+$/.test(name)).map(Number);
  const answers: (string | null)[] = [];
  for (const moment of moments.sort((a, b) => a - b)) {
    const copy = site.copied(path.join(copies, String(moment)));
    copy.start();
    answers.push(await eventually(() => copy.get('/hello'), { withinMs: 60_000 }));
    await copy.end('SIGTERM');
  }
  await site.plane.start();
  site.device.start();
  await site.runs('snap002');
  const whole = answers.filter((text) => text === 'one' || text === 'two').length;
  return { 'moments tried': whole, 'always whole': whole === moments.length };
}

export const PROCESS_FAULTS: Fault[] = [
  {
    name: 'kill -9 of the agent: Node-RED goes on and is taken over',
    expected: { flows: 'one', snapshot: 'snap001', 'same process': true, gap: 0 },
    async run(site) {
      const before = await site.device.nodeRedPid();
      await site.restartAgent();
      await site.runs('snap001');
      return { 'same process': (await site.device.nodeRedPid()) === before };
    },
  },
  {
    name: 'kill -9 of Node-RED',
    expected: { flows: 'one', snapshot: 'snap001', givenUp: null, gap: { atMost: 10 } },
    async run(site) {
      process.kill((await site.device.nodeRedPid()) ?? 0, 'SIGKILL');
      await eventually(() => site.plane.last?.state === 'crashed');
      await site.runs('snap001');
      return {};
    },
  },
  {
    name: 'kill -9 after every durable step of an update of flows',
    expected: { 'always whole': true, 'kills survived': { atLeast: 10 } },
    run: (site) => killAtEach(site, false),
  },
  {
    name: 'kill -9 after every durable step of an update with a start',
    expected: { 'always whole': true, 'kills survived': { atLeast: 10 } },
    run: (site) => killAtEach(site, true),
  },
  {
    name: 'power cut after every durable step of an update (copies, each started without a network)',
    expected: { flows: 'two', snapshot: 'snap002', 'always whole': true, 'moments tried': { atLeast: 10 } },
    run: powerCuts,
  },
  {
    name: 'power cut three times during a trial',
    expected: { flows: 'one', snapshot: 'snap001', givenUp: 'snap002', reason: /went away three times/ },
    async run(site) {
      await site.restartAgent({}, '--stable-seconds', '5');
      site.target({ snapshot: site.snapshot('snap002', 'two') });
      for (let cut = 1; cut <= 3; cut += 1) {
        await eventually(() => site.device.output.split('step: try-release').length - 2 === cut, {
          withinMs: 60_000,
        });
        await delay(300);
        await site.device.end('SIGKILL');
        await site.device.endNodeRed();
        site.device.start('--stable-seconds', '5');
      }
      await site.givesUp('snap002');
      return {};
    },
  },
  {
    name: 'end and start of the machine without a network',
    expected: { flows: 'one', snapshot: 'snap001' },
    async run(site) {
      await site.device.end('SIGTERM');
      await site.plane.stop();
      site.device.start();
      await site.answers('one');
      await site.plane.start();
      await site.runs('snap001');
      return {};
    },
  },
  {
    name: 'suspended, then the machine is started again without a network',
    quick: true,
    expected: { flows: null, state: 'suspended', runtimes: 1, 'told after the start': 'suspended' },
    async run(site) {
      site.target({ desired: 'suspended' });
      await eventually(() => site.plane.last?.state === 'suspended');
      await site.device.end('SIGTERM');
      await site.plane.stop();
      site.device.start();
      await eventually(async () => site.device.output.split('runs in').length > 2);
      await delay(2000);
      const status = JSON.parse(await readFile(site.file('status.json'), 'utf8'));
      await site.plane.start();
      await eventually(() => site.plane.last?.state === 'suspended');
      return { 'told after the start': status.current.state };
    },
  },
];
