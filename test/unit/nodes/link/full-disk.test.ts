import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
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
import { Outboxes } from '../../../../nodes/src/link/outboxes.ts';
import { Budget } from '../../../../nodes/src/link/queue/budget.ts';
import { Outbox, type Outgoing } from '../../../../nodes/src/link/queue/outbox.ts';
import { StreamFile } from '../../../../nodes/src/link/queue/stream-file.ts';
import { eventually } from '../../../support/eventually.ts';
import { ADDRESS, FROM, KEPT } from './builders.ts';

/** What is written there fails as on a full disk; it must not be there yet. */
function fullDiskAt(file: string): void {
  symlinkSync('/dev/full', file);
}

describe('A full disk', () => {
  let folder: string;
  let sent: Array<{ number: number; text: string }>;
  let told: string[];
  const open: Array<{ close: () => Promise<void> }> = [];

  before(function () {
    if (!existsSync('/dev/full')) {
      this.skip();
    }
  });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'flowyard-full-disk-'));
    sent = [];
    told = [];
  });

  afterEach(async () => {
    await Promise.all(open.splice(0).map((one) => one.close()));
    rmSync(folder, { recursive: true, force: true });
  });

  const hooks = {
    send: ({ entries }: Outgoing) => {
      for (const { number, body } of entries) {
        sent.push({ number, text: Buffer.from(body).toString().slice(0, 20) });
      }
    },
    onChange: () => {},
    warn: (text: string) => told.push(text),
  };

  function outbox(): Outbox {
    const made = new Outbox({ ...hooks, folder, address: ADDRESS, budget: new Budget(100 * 1024 * 1024) });
    open.push(made);
    return made;
  }

  const texts = () => sent.map(({ text }) => text);
  const give = (to: Outbox, text: string) => to.give(Buffer.from(text), KEPT);
  /** The file in which the message of that number is to be kept, when it is the first of its file. */
  const segment = (number: number) => join(folder, `${String(number).padStart(16, '0')}.queue`);
  const FULL = { name: 'NotKeptError', message: /disk .*is full.*Free some space/ };

  it('loses nothing that was kept, and never sends what it said could not be kept', async () => {
    const before = outbox();
    // So large that the next one begins a new file.
    await give(before, 'kept'.padEnd(1024 * 1024, '.'));
    fullDiskAt(segment(2));

    await assert.rejects(give(before, 'lost'), FULL);
    assert.equal(before.waiting, 1);
    await give(before, 'kept later');

    // The process is killed here.
    const after = outbox();
    after.connected();
    await eventually(() => sent.length >= 2);
    assert.deepEqual(texts(), ['kept'.padEnd(20, '.'), 'kept later']);
    assert.equal(after.waiting, 2);
  });

  it('is of no matter to messages that somebody takes', async () => {
    const queue = outbox();
    queue.connected();
    const outcomes: unknown[] = [];
    for (let number = 1; number <= 20; number += 1) {
      fullDiskAt(segment(number));
    }

    // So slowly that they are to be kept meanwhile.
    const given = ['a', 'b'].map((text) => give(queue, text).then(() => outcomes.push(text)));
    await eventually(() => !existsSync(segment(1)) || outcomes.length > 0);
    assert.deepEqual(outcomes, []);
    queue.taken(sent.at(-1)?.number ?? 0);

    await Promise.all(given);
    assert.deepEqual(texts(), ['a', 'b']);
    assert.equal(queue.waiting, 0);
  });

  it('does not stop messages for an address that is new, to somebody who takes them', async () => {
    const earlier = new Outboxes({ ...hooks, folder: join(folder, 'earlier') });
    earlier.to(ADDRESS);
    await earlier.close();
    const boxes = new Outboxes({ ...hooks, folder: join(folder, 'out') });
    open.push(boxes);
    const inner = join(folder, 'out', readdirSync(join(folder, 'earlier'))[0] ?? '');
    mkdirSync(inner, { recursive: true });
    fullDiskAt(join(inner, 'stream.json.new'));

    boxes.connected();
    const given = boxes.to(ADDRESS).give(Buffer.from('a'), KEPT);
    assert.equal(StreamFile.read(inner), null);
    boxes.to(ADDRESS).taken(sent[0]?.number ?? 0);
    await given;

    boxes.disconnected();
    await boxes.to(ADDRESS).give(Buffer.from('kept'), KEPT);
    assert.equal(StreamFile.read(inner)?.stream, boxes.to(ADDRESS).stream);
  });

  it('opens what waits, and sends it', async () => {
    await give(outbox(), 'kept');
    fullDiskAt(join(folder, 'stream.json.new'));

    const after = outbox();
    after.connected();

    await eventually(() => sent.length === 1);
    assert.deepEqual(texts(), ['kept']);
  });

  it('does not let a number be given twice, whatever could not be written', () => {
    const stream = StreamFile.open(folder, ADDRESS);
    const far = stream.firstFree + 1_000_000_000;
    for (const _again of [1, 2]) {
      fullDiskAt(join(folder, 'stream.json.new'));
      assert.throws(() => stream.reserve(far), { code: 'ENOSPC' });
    }
    stream.reserve(far);

    assert.ok(StreamFile.open(folder, ADDRESS).firstFree >= far);
  });

  it('does not keep a stream from beginning anew', () => {
    const stream = StreamFile.open(folder, ADDRESS);
    const before = stream.stream;
    fullDiskAt(join(folder, 'stream.json.new'));

    stream.renew();

    assert.notEqual(stream.stream, before);
  });

  it('leaves no half-written file, and what was acknowledged is written when there is room again', () => {
    const stream = StreamFile.open(folder, ADDRESS);
    const before = readFileSync(join(folder, 'stream.json'), 'utf8');
    fullDiskAt(join(folder, 'stream.json.new'));

    assert.throws(() => stream.note(5, null), { code: 'ENOSPC' });

    assert.equal(readFileSync(join(folder, 'stream.json'), 'utf8'), before);
    assert.deepEqual(readdirSync(folder), ['stream.json']);
    assert.equal(stream.acknowledged, 0);
    stream.note(5, null);
    assert.equal(StreamFile.read(folder)?.acknowledged, 5);
  });

  it('does not make the queue forget what waits under a description that was cut off', async () => {
    await give(outbox(), 'kept');
    const inner = join(folder, 'out', 'of-an-address');
    mkdirSync(inner, { recursive: true });
    writeFileSync(join(inner, 'stream.json'), '{"address":');
    writeFileSync(join(inner, '0000000000000001.queue'), readFileSync(segment(1)));

    open.push(new Outboxes({ ...hooks, folder: join(folder, 'out') }));

    assert.ok(existsSync(join(inner, '0000000000000001.queue')));
    assert.match(told.join(), /stream\.json/);
  });

  it('is told by a link in that cannot remember, which writes it when there is room again', async () => {
    const inbox = new Inbox(folder, (text) => told.push(text));
    fullDiskAt(join(folder, 'taken.json.new'));
    assert.equal(inbox.arrive(FROM, { stream: 's', number: 5, after: 0 }), 'new');
    inbox.flush();
    assert.match(told.join(), /full/);
    assert.deepEqual(readdirSync(folder), []);

    inbox.flush();

    assert.equal(lstatSync(join(folder, 'taken.json')).isFile(), true);
    assert.equal(told.length, 1);
    assert.equal(new Inbox(folder, () => {}).arrive(FROM, { stream: 's', number: 5, after: 0 }), 'known');
  });
});
