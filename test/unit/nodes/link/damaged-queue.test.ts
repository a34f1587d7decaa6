import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Inbox } from '../../../../nodes/src/link/inbox.ts';
import { Budget } from '../../../../nodes/src/link/queue/budget.ts';
import { DiskQueue, type Loss } from '../../../../nodes/src/link/queue/disk-queue.ts';
import { Outbox } from '../../../../nodes/src/link/queue/outbox.ts';
import { decodeEntries, type Entry, encodeEntries } from '../../../../nodes/src/link/queue/segment.ts';
import { eventually } from '../../../support/eventually.ts';
import { ADDRESS, FROM, KEPT } from './builders.ts';

function entry(number: number, text = `message ${number}`): Entry {
  return { number, at: 0, until: 0, body: Buffer.from(text) };
}

/** How long the entry of `message N` is, for numbers of one digit. */
const ONE = encodeEntries([entry(1)]).length;
const LENGTH_AT = 0;
const BODY_AT = ONE - 1;

describe('A queue that is damaged on the disk', () => {
  let folder: string;
  let losses: Loss[];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'flowyard-damaged-'));
    losses = [];
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const files = (ending: string) => readdirSync(folder).filter((name) => name.endsWith(ending));
  const segment = (first: number) => join(folder, `${String(first).padStart(16, '0')}.queue`);
  const openQueue = (acknowledged = 0) =>
    new DiskQueue(folder, { acknowledged, onLoss: (loss) => losses.push(loss) });

  /** A file with entries of these numbers. */
  function write(...numbers: number[]): void {
    writeFileSync(segment(numbers[0] ?? 0), encodeEntries(numbers.map((number) => entry(number))));
  }

  function rot(first: number, ...places: number[]): void {
    const bytes = readFileSync(segment(first));
    for (const place of places) {
      bytes[place] = (bytes[place] ?? 0) ^ 0x55;
    }
    writeFileSync(segment(first), bytes);
  }

  async function numbersIn(queue: DiskQueue): Promise<number[]> {
    const numbers: number[] = [];
    for (;;) {
      const found = await queue.read(numbers.at(-1) ?? 0, { entries: 100, bytes: 1_000_000 });
      if (found.length === 0) {
        return numbers;
      }
      numbers.push(...found.map(({ number }) => number));
    }
  }

  it('keeps the messages behind the damage, puts the damaged bytes aside, and tells it once', async () => {
    write(1, 2, 3, 4);
    const damaged = ONE + BODY_AT;
    rot(1, damaged);

    assert.deepEqual(await numbersIn(openQueue()), [1, 3, 4]);
    assert.deepEqual(losses, [
      { messages: 1, from: 2, to: 2, files: [join(folder, files('.damaged')[0] ?? '')] },
    ]);
    const aside = readFileSync(losses[0]?.files[0] ?? '');
    assert.equal(aside.length, ONE);
    assert.match(aside.toString('latin1'), /message/);

    assert.deepEqual(await numbersIn(openQueue()), [1, 3, 4]);
    assert.equal(losses.length, 1);
    assert.equal(files('.damaged').length, 1);
  });

  it('finds the next whole message when it is not known how long the damaged one is', async () => {
    write(1, 2, 3, 4, 5);
    rot(1, ONE + LENGTH_AT, 2 * ONE + LENGTH_AT);

    assert.deepEqual(await numbersIn(openQueue()), [1, 4, 5]);
    assert.deepEqual(
      losses.map(({ messages, from, to }) => ({ messages, from, to })),
      [{ messages: 2, from: 2, to: 3 }],
    );
  });

  it('takes no copy of an older message for the next one', async () => {
    const inside = entry(2, encodeEntries([entry(1)]).toString('latin1'));
    inside.body = encodeEntries([entry(1)]);
    writeFileSync(segment(1), encodeEntries([entry(1), inside, entry(3)]));
    rot(1, ONE + LENGTH_AT);

    assert.deepEqual(await numbersIn(openQueue()), [1, 3]);
  });

  it('cuts off silently what was half written at the very end', async () => {
    write(1, 2);
    writeFileSync(segment(1), readFileSync(segment(1)).subarray(0, -3));

    assert.deepEqual(await numbersIn(openQueue()), [1]);
    assert.deepEqual(losses, []);
    assert.deepEqual(files('.damaged'), []);
  });

  it('tells what is missing at the end of a file that is not the last, and at the beginning', async () => {
    write(1, 2);
    write(3, 4);
    rot(1, ONE + BODY_AT);
    rot(3, BODY_AT);

    assert.deepEqual(await numbersIn(openQueue()), [1, 4]);
    assert.deepEqual(
      losses.map(({ messages, from, to, files: aside }) => ({ messages, from, to, files: aside.length })),
      [{ messages: 2, from: 2, to: 3, files: 2 }],
    );
  });

  it('puts a file aside in which nothing is whole', async () => {
    write(1, 2);
    write(3);
    rot(1, BODY_AT, ONE + BODY_AT);

    assert.deepEqual(await numbersIn(openQueue()), [3]);
    assert.equal(losses[0]?.messages, 2);
    assert.deepEqual(files('.queue').length, 1);
    assert.equal(readFileSync(losses[0]?.files[0] ?? '').length, 2 * ONE);
  });

  it('goes on behind a file that the disk cannot read, whenever that begins', async () => {
    /** Reading it fails for good, as at a broken place of the disk. */
    const breakFile = (first: number) => {
      rmSync(segment(first));
      mkdirSync(segment(first));
    };
    write(1, 2);
    write(3, 4);
    write(5, 6);
    breakFile(1);

    const queue = openQueue();
    assert.deepEqual(
      losses.map(({ from, to, files: aside }) => ({ from, to, aside: aside.length })),
      [{ from: 1, to: 2, aside: 1 }],
    );
    breakFile(3);
    breakFile(5);
    assert.deepEqual(await numbersIn(queue), []);
    assert.deepEqual(losses.slice(1), [
      { messages: 2, from: 3, to: 4, files: [] },
      { messages: 2, from: 5, to: 6, files: [] },
    ]);

    await queue.append([entry(7)]);
    assert.deepEqual(await numbersIn(queue), [7]);
    await queue.close();
  });

  it('says nothing of damaged messages that were taken long ago', async () => {
    write(1, 2, 3);
    rot(1, BODY_AT);

    const queue = openQueue(1);

    assert.equal(queue.left, 2);
    assert.deepEqual(await numbersIn(queue), [2, 3]);
    assert.deepEqual(losses, []);
  });

  it('says nothing when what is damaged while it is open was taken before', async () => {
    write(1, 2, 3);
    const queue = openQueue();
    await queue.acknowledge(1);
    rot(1, BODY_AT);

    assert.deepEqual(await numbersIn(queue), [2, 3]);
    assert.deepEqual(losses, []);
  });

  it('goes on when there is no room for the damaged bytes', async () => {
    write(1, 2, 3);
    rot(1, ONE + BODY_AT);
    symlinkSync('/dev/full', `${segment(1)}.new`);

    assert.deepEqual(await numbersIn(openQueue()), [1, 3]);
    assert.deepEqual(losses, [{ messages: 1, from: 2, to: 2, files: [] }]);
  });

  it('does not look for ever for the next message where much looks like one', () => {
    const [size, head] = [256 * 1024, 36];
    const bytes = Buffer.alloc(size);
    for (let start = 0; start + head <= size; start += head) {
      bytes.writeUInt32BE(size - start - head, start);
      bytes.writeDoubleBE(2, start + 12);
    }

    const { entries, damage, end } = decodeEntries(bytes, { after: 1, below: 100 });

    assert.deepEqual({ entries, end, damaged: damage.length }, { entries: [], end: size, damaged: 1 });
  });

  it('finds out also while it is open, and sends what is whole in their order', async () => {
    const told: string[] = [];
    const sent: Array<{ stream: string; number: number; after: number }> = [];
    const queue = new Outbox({
      folder,
      address: ADDRESS,
      budget: new Budget(10 * 1024 * 1024),
      send: ({ stream, after, entries }) => {
        let before = after;
        for (const { number } of entries) {
          sent.push({ stream, number, after: before });
          before = number;
        }
      },
      onChange: () => {},
      warn: (text) => told.push(text),
    });
    await queue.give(Buffer.alloc(1024 * 1024), KEPT);
    for (let count = 0; count < 4; count += 1) {
      await queue.give(Buffer.from('some message'), KEPT);
    }
    const [, second] = files('.queue').sort();
    rot(Number.parseInt(second ?? '', 10), 40);
    rot(1, 40);

    queue.connected();

    await eventually(() => sent.length === 3);
    assert.deepEqual(
      sent.map(({ number }) => number),
      [3, 4, 5],
    );
    assert.equal(queue.waiting, 3);
    assert.equal(queue.lost, 2);
    assert.match(told[0] ?? '', /1 message to device “Filler 3”, link “orders”, .*damaged/);
    assert.equal(files('.damaged').length, 2);
    const inbox = new Inbox(join(folder, 'in'), assert.fail);
    inbox.arrive(FROM, { stream: sent[0]?.stream ?? '', number: 1, after: 0 });
    assert.deepEqual(
      sent.map((one) => inbox.arrive(FROM, one)),
      ['new', 'new', 'new'],
    );
    queue.taken(5);
    assert.equal(queue.waiting, 0);
    await queue.close();
    inbox.flush();
  });

  it('is over when all that waited is damaged', async () => {
    const queue = new Outbox({
      folder,
      address: ADDRESS,
      budget: new Budget(1024 * 1024),
      send: () => assert.fail('nothing is whole'),
      onChange: () => {},
      warn: () => {},
    });
    await queue.give(Buffer.from('some message'), KEPT);
    rot(1, 40);

    queue.connected();

    await eventually(() => queue.waiting === 0 && files('.queue').length === 0);
    await queue.close();
  });
});
