import { readFile, writeFile } from 'node:fs/promises';
import { CLOSE } from '@flowyard/protocol';
import { eventually } from '../../../support/eventually.ts';
import type { Fault } from '../fault.ts';
import type { Site } from '../site.ts';
import { TcpRelay } from '../tcp-relay.ts';

const PORTAL = '<html><body>Welcome! Please accept our terms to use this network.</body></html>';

async function isRefused(site: Site): Promise<void> {
  await eventually(async () => (await site.link()) === 'refused', { withinMs: 60_000, everyMs: 300 });
}

/** Has the device reach its control plane through a relay. */
async function relayed(site: Site): Promise<TcpRelay> {
  const relay = new TcpRelay(Number(new URL(site.plane.url).port));
  const url = await relay.start();
  const file = site.file('device.yml');
  await writeFile(file, (await readFile(file, 'utf8')).replace(site.plane.url, url));
  await site.restartAgent();
  return relay;
}

function portal(status: number): Fault {
  return {
    name: `captive portal answers ${status} with a page, then the network is there`,
    expected: { flows: 'two', snapshot: 'snap002', 'link meanwhile': 'refused', 'flows meanwhile': 'one' },
    async run(site) {
      site.plane.refuseWith = { status, body: PORTAL };
      site.plane.closeLinks(1001);
      await isRefused(site);
      site.target({ snapshot: site.snapshot('snap002', 'two') });
      const meanwhile = { link: await site.link(), flows: await site.device.get('/hello') };
      site.plane.refuseWith = null;
      // It asks again after half a minute; nobody has to wait for that here.
      await site.restartAgent();
      await site.runs('snap002');
      return { 'link meanwhile': meanwhile.link, 'flows meanwhile': meanwhile.flows };
    },
  };
}

export const NETWORK_FAULTS: Fault[] = [
  {
    name: 'network lost and found',
    expected: { flows: 'two', snapshot: 'snap002', gap: { atMost: 1 }, 'link meanwhile': 'unreachable' },
    async run(site) {
      await site.plane.stop();
      await eventually(async () => (await site.link()) === 'unreachable', { everyMs: 300 });
      await site.plane.start();
      site.target({ snapshot: site.snapshot('snap002', 'two') });
      await site.runs('snap002');
      return { 'link meanwhile': 'unreachable' };
    },
  },
  {
    name: 'network half-open: nothing passes and nothing is closed, then it is mended',
    expected: {
      flows: 'two',
      snapshot: 'snap002',
      gap: { atMost: 1 },
      'seen within seconds': { atMost: 30 },
    },
    async run(site) {
      const relay = await relayed(site);
      relay.hold();
      const start = performance.now();
      await eventually(async () => (await site.link()) !== 'connected', { withinMs: 60_000, everyMs: 500 });
      const seconds = Math.round((performance.now() - start) / 1000);
      site.target({ snapshot: site.snapshot('snap002', 'two') });
      relay.pass();
      await site.runs('snap002');
      await site.device.end('SIGTERM');
      await relay.stop();
      site.device.start();
      await site.answers('two');
      site.watch.forget();
      return { 'seen within seconds': seconds };
    },
  },
  ...[200, 302, 401, 404].map(portal),
  {
    name: 'captive portal in the middle of an update',
    quick: true,
    expected: {
      flows: 'two',
      snapshot: 'snap002',
      givenUp: null,
      'flows meanwhile': 'one',
      gap: { atMost: 1 },
    },
    async run(site) {
      site.plane.refuseWith = { status: 200, body: PORTAL };
      site.target({ snapshot: site.snapshot('snap002', 'two') });
      await site.says(/tried again by itself/);
      const flows = await site.device.get('/hello');
      site.plane.refuseWith = null;
      await site.runs('snap002');
      return { 'flows meanwhile': flows };
    },
  },
  {
    name: 'credentials revoked',
    expected: { flows: 'one', snapshot: 'snap001', gap: { atMost: 1 }, link: 'refused' },
    async run(site) {
      site.plane.refuseWith = { status: 401, body: '' };
      site.plane.closeLinks(CLOSE.unauthorized);
      await isRefused(site);
      return { link: await site.link() };
    },
  },
  {
    name: 'credentials revoked, and the machine is started again',
    expected: { flows: 'one', snapshot: 'snap001', link: 'refused' },
    async run(site) {
      site.plane.refuseWith = { status: 401, body: '' };
      await site.device.end('SIGTERM');
      site.device.start();
      await site.answers('one');
      await isRefused(site);
      return { link: await site.link() };
    },
  },
  {
    name: 'the same target sent twice',
    quick: true,
    expected: { flows: 'one', snapshot: 'snap001', 'same process': true, 'steps done': 0, gap: 0 },
    async run(site) {
      const pid = await site.device.nodeRedPid();
      const steps = () => site.device.output.split('step: ').length;
      const before = steps();
      site.plane.sendTarget();
      site.plane.sendTarget();
      await new Promise((resolve) => setTimeout(resolve, 2000));
      return { 'same process': (await site.device.nodeRedPid()) === pid, 'steps done': steps() - before };
    },
  },
  {
    name: 'forty targets, sent faster than they can be applied',
    expected: { flows: 'last', snapshot: 'snap140', givenUp: null, 'fewer trials than targets': true },
    async run(site) {
      for (let number = 101; number <= 140; number += 1) {
        const variables = [{ name: 'NUMBER', value: String(number % 2), secret: false }];
        const text = number === 140 ? 'last' : `number ${number}`;
        site.target({ snapshot: site.snapshot(`snap${number}`, text, { variables }) });
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      await site.runs('snap140');
      return { 'fewer trials than targets': site.device.output.split('step: try-release').length < 10 };
    },
  },
];
