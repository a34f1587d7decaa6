import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { buildApplication } from '../../test/support/builders.ts';
import { ControlPlaneProcess } from '../../test/support/control-plane-process.ts';
import { eventually } from '../../test/support/eventually.ts';
import type { BenchOptions } from '../options.ts';
import { measuredRow, type Row, summarise } from '../rows.ts';
import { EndProcess } from './commands.ts';

const ROUND_MESSAGES = 20_000;
const P99_MS = 10;
/** What may stay in memory of messages that wait on the disk, whether those are 20 or 100 MB. */
const MOST_HELD_MB = 16;

interface Pair {
  asking: EndProcess;
  answering: EndProcess;
}

async function rawPair(): Promise<Pair & { stop: () => void }> {
  const relay = fork(join(import.meta.dirname, 'raw-relay.ts'), { execArgv: ['--import=tsx'] });
  const [url] = (await once(relay, 'message')) as [string];
  const [asking, answering] = [new EndProcess(), new EndProcess()];
  await answering.ask({ type: 'raw', url, answers: true });
  await asking.ask({ type: 'raw', url, answers: false });
  return { asking, answering, stop: () => relay.kill() };
}

async function linkDevices(cp: ControlPlaneProcess) {
  const { teamId, applicationId } = await buildApplication(cp);
  const make = async (name: string) => {
    const { id, credentials } = await cp.admin.call('createDevice', {
      params: { id: teamId },
      body: { name, applicationId },
    });
    return { url: cp.url, token: credentials.token, deviceId: id };
  };
  return { sender: await make('Gateway'), receiver: await make('Historian') };
}

async function linkPair(cp: ControlPlaneProcess): Promise<Pair> {
  const { sender, receiver } = await linkDevices(cp);
  const [asking, answering] = [new EndProcess(), new EndProcess()];
  await answering.ask({ type: 'links', ...receiver, target: null });
  await asking.ask({ type: 'links', ...sender, target: receiver.deviceId });
  return { asking, answering };
}

/** E2 and E3: link nodes against a relay that does nothing but pass frames on, in turns. */
async function benchTraffic(cp: ControlPlaneProcess, { quick, say }: BenchOptions): Promise<Row[]> {
  const rounds = quick ? 3 : 8;
  const trips = quick ? 300 : 1000;
  const messages = quick ? ROUND_MESSAGES / 4 : ROUND_MESSAGES;
  const [raw, links] = [await rawPair(), await linkPair(cp)];
  const times = { raw: [] as number[], links: [] as number[] };
  const rates = { raw: [] as number[], links: [] as number[] };
  for (let round = 0; round <= rounds; round += 1) {
    say(`messages, round ${round} of ${rounds}`);
    for (const [name, pair] of [['raw', raw] as const, ['links', links] as const]) {
      const trip = await pair.asking.ask<'took'>({ type: 'round-trips', count: trips });
      const stream = await pair.asking.ask<'took'>({ type: 'stream', count: messages });
      // The first round is for warming up.
      if (round > 0) {
        times[name].push(...trip.ms);
        rates[name].push(messages / ((stream.ms[0] ?? 0) / 1000));
      }
    }
  }
  for (const end of [raw.asking, raw.answering, links.asking, links.answering]) {
    await end.stop();
  }
  raw.stop();
  const rawTime = summarise(times.raw).median;
  const p99 = summarise(times.links).p99;
  const trip = { row: 'E2', what: 'message of 1 kB, there and back', unit: 'ms' };
  const rate = { row: 'E3', what: 'messages of 1 kB in a stream', unit: '/s' };
  return [
    measuredRow({ ...trip, variant: 'bare ws relay' }, times.raw),
    measuredRow({ ...trip, variant: 'link call' }, times.links, {
      against: rawTime,
      text: '≤ 3 × bare relay',
      ratio: 3,
    }),
    {
      ...measuredRow({ ...trip, variant: 'link call, p99' }, [p99]),
      goal: `≤ ${P99_MS} ms`,
      met: p99 <= P99_MS,
    },
    measuredRow({ ...rate, variant: 'bare ws relay, unconfirmed' }, rates.raw),
    measuredRow({ ...rate, variant: 'link out, each confirmed' }, rates.links, {
      against: summarise(rates.raw).median,
      text: '≥ 0.5 × bare relay',
      ratio: 0.5,
      atLeast: true,
    }),
  ];
}

/** E4: what waits for somebody who is away for a long time. */
async function benchQueue(cp: ControlPlaneProcess, { quick, say }: BenchOptions): Promise<Row[]> {
  const count = quick ? 20_000 : 100_000;
  const { sender, receiver } = await linkDevices(cp);
  const sending = new EndProcess();
  await sending.ask({ type: 'links', ...sender, target: receiver.deviceId });
  const before = await sending.ask<'weighed'>({ type: 'weigh' });
  say(`${count} messages wait`);
  const begin = performance.now();
  await sending.ask({ type: 'fill', target: receiver.deviceId, count });
  const keptAfter = performance.now();
  const filled = await sending.ask<'weighed'>({ type: 'weigh' });
  const receiving = new EndProcess();
  const deliverFrom = performance.now();
  await receiving.ask({ type: 'links', ...receiver, target: null });
  await eventually(async () => (await sending.ask<'counted'>({ type: 'count' })).waiting === 0, {
    withinMs: 200_000,
    everyMs: 100,
  });
  const deliveredAfter = performance.now();
  const taken = await receiving.ask<'counted'>({ type: 'count' });
  const after = await sending.ask<'weighed'>({ type: 'weigh' });
  await Promise.all([sending.stop(), receiving.stop()]);
  const what = `${count} messages of 1 kB wait, then are delivered`;
  const head = { row: 'E4', what };
  const count_ = (variant: string, value: number, most: number): Row => ({
    ...measuredRow({ ...head, variant, unit: '' }, [value]),
    ...{ goal: `${most}`, met: value === most },
  });
  const held = Math.max(filled.heldMb, after.heldMb) - before.heldMb;
  const grown = Math.max(filled.processMb, after.processMb) - before.processMb;
  return [
    count_('lost', count - taken.seen, 0),
    count_('doubled', taken.doubled, 0),
    {
      ...measuredRow({ ...head, variant: 'the sender holds more by', unit: 'MB' }, [held]),
      ...{ goal: `≤ ${MOST_HELD_MB} MB`, met: held <= MOST_HELD_MB },
    },
    // Most of it is room that V8 takes for short-lived objects, however few stay.
    measuredRow({ ...head, variant: 'the process of the sender grew by', unit: 'MB' }, [grown]),
    measuredRow({ ...head, variant: 'kept per second', unit: '/s' }, [count / ((keptAfter - begin) / 1000)]),
    measuredRow({ ...head, variant: 'delivered per second', unit: '/s' }, [
      count / ((deliveredAfter - deliverFrom) / 1000),
    ]),
  ];
}

/** How quickly messages pass between flows, and whether those that wait arrive. */
export async function benchMessages(options: BenchOptions): Promise<Row[]> {
  const cp = new ControlPlaneProcess();
  await cp.start();
  try {
    return [...(await benchTraffic(cp, options)), ...(await benchQueue(cp, options))];
  } finally {
    await cp.stop();
  }
}
