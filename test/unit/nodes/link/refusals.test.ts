import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Budget } from '../../../../nodes/src/link/queue/budget.ts';
import { Outbox } from '../../../../nodes/src/link/queue/outbox.ts';
import { isGivenUp, type Refusals, refusedAgain } from '../../../../nodes/src/link/queue/refusals.ts';
import { StreamFile } from '../../../../nodes/src/link/queue/stream-file.ts';
import { eventually } from '../../../support/eventually.ts';
import { ADDRESS, KEPT } from './builders.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

describe('An address that is refused', () => {
  /** Refused at these times, in this order. */
  function refusedAt(...times: number[]): Refusals {
    return times.reduce<Refusals | null>((before, now) => refusedAgain(before, now), null) as Refusals;
  }

  const everyMinuteFor = (days: number) =>
    Array.from({ length: (days * DAY_MS) / MINUTE_MS + 1 }, (_, minute) => 1_000_000 + minute * MINUTE_MS);

  it('is given up after thirty days, not earlier', () => {
    assert.equal(isGivenUp(refusedAt(...everyMinuteFor(29))), false);
    assert.equal(isGivenUp(refusedAt(...everyMinuteFor(30))), true);
  });

  it('is not given up since a clock jumps', () => {
    const refusals = refusedAt(0, 10 * 365 * DAY_MS, 10 * 365 * DAY_MS + MINUTE_MS);

    assert.equal(isGivenUp(refusals), false);
    assert.ok(refusals.countedMs < DAY_MS);
  });

  it('is not given up since a clock goes back, or back and forth', () => {
    const jumping = Array.from({ length: 500 }, (_, index) => (index % 2 === 0 ? 0 : 365 * DAY_MS));

    assert.equal(isGivenUp(refusedAt(...jumping)), false);
    assert.ok(refusedAt(DAY_MS, 0).countedMs === 0);
  });

  it('remembers since when it is refused', () => {
    assert.equal(refusedAt(5000, 6000, 7000).since, 5000);
  });
});

describe('What was kept for an address that is refused', () => {
  let folder: string;
  let sent: string[];
  let told: string[];
  const open: Outbox[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'flowyard-refused-'));
    sent = [];
    told = [];
  });

  afterEach(async () => {
    await Promise.all(open.splice(0).map((one) => one.close()));
    rmSync(folder, { recursive: true, force: true });
  });

  const budget = new Budget(1024 * 1024);

  function outbox(): Outbox {
    const made = new Outbox({
      folder,
      address: ADDRESS,
      budget,
      send: ({ entries }) => sent.push(...entries.map(({ body }) => Buffer.from(body).toString())),
      onChange: () => {},
      warn: (text) => told.push(text),
    });
    open.push(made);
    return made;
  }

  const give = (to: Outbox, text: string) => to.give(Buffer.from(text), KEPT);
  const queueFiles = () => readdirSync(folder).filter((name) => name.endsWith('.queue'));

  /** As it stands after so many days of refusals, the last one a minute ago. */
  function refusedFor(days: number): void {
    const file = join(folder, 'stream.json');
    const now = Date.now();
    const refusals = {
      since: now - days * DAY_MS,
      last: now - MINUTE_MS,
      countedMs: days * DAY_MS - MINUTE_MS,
    };
    writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), refusals }));
  }

  /** Closes the queue, and opens it anew as the next process. */
  async function restarted(): Promise<Outbox> {
    await open.pop()?.close();
    return outbox();
  }

  /** The next process, with what was kept and has been refused for thirty days; it has sent that once more. */
  async function afterThirtyDays(...kept: string[]): Promise<Outbox> {
    const before = outbox();
    for (const text of kept) {
      await give(before, text);
    }
    await open.pop()?.close();
    refusedFor(30);
    const queue = outbox();
    queue.connected();
    await eventually(() => sent.length === kept.length);
    return queue;
  }

  async function refuse(queue: Outbox): Promise<void> {
    sent = [];
    queue.there();
    await eventually(() => sent.length > 0);
    queue.refused('There is no such device.');
  }

  it('waits on over restarts, with the time of the first refusal', async () => {
    const before = outbox();
    await give(before, 'kept');
    before.connected();
    await eventually(() => sent.length === 1);
    before.refused('There is no such device.');
    const first = StreamFile.read(folder)?.refusals?.since ?? 0;
    assert.ok(first > 0);

    const after = await restarted();
    after.connected();
    await eventually(() => sent.length === 2);
    after.refused('There is no such device.');
    await (await restarted()).flush();

    assert.equal(StreamFile.read(folder)?.refusals?.since, first);
    assert.ok((StreamFile.read(folder)?.refusals?.countedMs ?? 0) > 0);
    assert.deepEqual(queueFiles().length, 1);
    assert.deepEqual(told, []);
  });

  it('is given up after thirty days, which is told, and makes room', async () => {
    const before = outbox();
    await give(before, 'a');
    await give(before, 'b');
    await before.flush();
    await open.pop()?.close();
    refusedFor(30);
    const queue = outbox();
    assert.ok(budget.bytes > 0);
    queue.connected();
    await eventually(() => sent.length === 2);

    queue.refused('There is no such device.');

    assert.equal(queue.waiting, 0);
    assert.equal(told.length, 1);
    assert.match(
      told[0] ?? '',
      /2 messages to device “Filler 3”, link “orders”.*30 days.*There is no such device\./,
    );
    await eventually(() => queueFiles().length === 0 && budget.bytes === 0);
    assert.equal(StreamFile.read(folder)?.refusals, undefined);
    const given = give(queue, 'c');
    await eventually(() => sent.includes('c'));
    queue.refused('There is no such device.');
    await assert.rejects(given, { name: 'RefusedError' });
    assert.equal(told.length, 1);
  });

  it('is not given up while it is refused only for a time', async () => {
    const queue = await afterThirtyDays('a');

    queue.refused('The team is suspended.', { isForATime: true });

    assert.equal(queue.waiting, 1);
    assert.deepEqual(told, []);
  });

  it('is not given up when the thirty days were interrupted', async () => {
    const queue = await afterThirtyDays('a');
    assert.equal(queue.waiting, 1);
    queue.notTaken(firstNumber(), 'away', null);

    await refuse(queue);

    assert.equal(queue.waiting, 1);
    assert.deepEqual(told, []);
  });

  it('is not given up for refusals from before it was kept', async () => {
    const queue = await afterThirtyDays('a');
    queue.taken(firstNumber());
    const given = give(queue, 'b');
    await eventually(() => sent.includes('b'));
    queue.refused('There is no such device.');
    await assert.rejects(given, { name: 'RefusedError' });
    queue.disconnected();
    await give(queue, 'c');
    queue.connected();
    await eventually(() => sent.includes('c'));

    queue.refused('There is no such device.');

    assert.equal(queue.waiting, 1);
    assert.deepEqual(told, []);
  });

  it('is not given up at once by a clock that was wrong before a restart', async () => {
    await give(outbox(), 'a');
    await open.pop()?.close();
    const file = join(folder, 'stream.json');
    const refusals = { since: 0, last: 1000, countedMs: 1000 };
    writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), refusals }));
    const queue = outbox();
    queue.connected();
    await eventually(() => sent.length === 1);

    queue.refused('There is no such device.');

    assert.equal(queue.waiting, 1);
    assert.deepEqual(told, []);
  });

  function firstNumber(): number {
    return Number.parseInt(queueFiles()[0] ?? '', 10);
  }
});
