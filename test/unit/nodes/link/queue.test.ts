import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Inbox } from '../../../../nodes/src/link/inbox.ts';
import { Budget } from '../../../../nodes/src/link/queue/budget.ts';
import { Outbox } from '../../../../nodes/src/link/queue/outbox.ts';
import { eventually } from '../../../support/eventually.ts';
import { ADDRESS, FROM, KEPT } from './builders.ts';

const DELIVERED = { confirm: 'delivered', until: 0 } as const;

describe('The queue of a link out', () => {
  let folder: string;
  let sent: Array<{ stream: string; number: number; after: number; text: string }>;
  const open: Outbox[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'flowyard-queue-'));
    sent = [];
  });

  afterEach(async () => {
    await Promise.all(open.splice(0).map((outbox) => outbox.close()));
    rmSync(folder, { recursive: true, force: true });
  });

  function outbox(options: { mostBytes?: number; window?: number } = {}): Outbox {
    const made = new Outbox({
      folder,
      address: ADDRESS,
      budget: new Budget(options.mostBytes ?? 1024 * 1024),
      ...(options.window !== undefined && { window: options.window }),
      send: ({ stream, after, entries }) => {
        let before = after;
        for (const { number, body } of entries) {
          sent.push({ stream, number, after: before, text: Buffer.from(body).toString() });
          before = number;
        }
      },
      onChange: () => {},
      warn: assert.fail,
    });
    open.push(made);
    return made;
  }

  const texts = () => sent.map(({ text }) => text);
  const give = (to: Outbox, text: string, options: Parameters<Outbox['give']>[1] = KEPT) =>
    to.give(Buffer.from(text), options);
  const queueFiles = () => readdirSync(folder).filter((name) => name.endsWith('.queue'));

  it('sends at once, and writes nothing to the disk when the other takes it at once', async () => {
    const queue = outbox();
    queue.connected();

    const given = give(queue, 'a', DELIVERED);
    await eventually(() => sent.length === 1);
    queue.taken(sent[0]?.number ?? 0);
    await given;

    assert.equal(queue.waiting, 0);
    assert.deepEqual(queueFiles(), []);
  });

  it('counts as kept only what survives the end of the process', async () => {
    const before = outbox();
    await give(before, 'a');
    await give(before, 'b');
    // The process is killed here: nobody closes the queue.

    const after = outbox();
    after.connected();

    await eventually(() => sent.length === 2);
    assert.deepEqual(texts(), ['a', 'b']);
  });

  it('never gives a number again, also when it was killed', async () => {
    const before = outbox();
    before.connected();
    void give(before, 'a').catch(() => undefined);
    await eventually(() => sent.length === 1);

    const after = outbox();
    after.connected();
    void give(after, 'b').catch(() => undefined);

    await eventually(() => sent.length === 2);
    assert.equal(sent[1]?.stream, sent[0]?.stream);
    assert.ok((sent[1]?.number ?? 0) > (sent[0]?.number ?? 0));
  });

  it('cuts off what a power cut left half written, and keeps what was whole', async () => {
    await give(outbox(), 'a');
    appendFileSync(join(folder, queueFiles()[0] ?? ''), Buffer.from([0, 0, 0, 9, 1, 2, 3]));

    const after = outbox();
    await give(after, 'b');
    after.connected();

    await eventually(() => sent.length === 2);
    assert.deepEqual(texts(), ['a', 'b']);
  });

  it('sends everything again from the first that was not taken, after a loss of the connection', async () => {
    const queue = outbox();
    queue.connected();
    const given = ['a', 'b', 'c'].map((text) => give(queue, text));
    await eventually(() => sent.length === 3);
    queue.taken(sent[0]?.number ?? 0);

    queue.disconnected();
    await Promise.all(given);
    queue.connected();

    await eventually(() => sent.length === 5);
    assert.deepEqual(texts(), ['a', 'b', 'c', 'b', 'c']);
    assert.deepEqual(
      sent.slice(3).map(({ after }) => after),
      [0, sent[1]?.number],
    );
  });

  it('rests while nobody is there, and goes on when told so', async () => {
    const queue = outbox();
    queue.connected();
    const given = give(queue, 'a');
    await eventually(() => sent.length === 1);

    queue.notTaken(sent[0]?.number ?? 0, 'away', null);
    await given;
    await give(queue, 'b');
    assert.equal(sent.length, 1);
    queue.there();

    await eventually(() => sent.length === 3);
    assert.deepEqual(texts(), ['a', 'a', 'b']);
  });

  it('sends one at a time where numbers cannot tell the order', async () => {
    const queue = outbox({ window: 1 });
    queue.connected();
    const given = [give(queue, 'a', DELIVERED), give(queue, 'b', DELIVERED)];
    await eventually(() => sent.length === 1);

    queue.taken(sent[0]?.number ?? 0);
    await eventually(() => sent.length === 2);
    queue.taken(sent[1]?.number ?? 0);

    await Promise.all(given);
    assert.deepEqual(
      sent.map(({ after }) => after),
      [0, 0],
    );
  });

  it('refuses more than it may hold, and loses nothing of what it has', async () => {
    const queue = outbox({ mostBytes: 1000 });
    await give(queue, 'x'.repeat(600));

    await assert.rejects(give(queue, 'y'.repeat(600)), { name: 'QueueFullError' });
    queue.connected();

    await eventually(() => sent.length === 1);
    queue.taken(sent[0]?.number ?? 0);
    await eventually(() =>
      give(queue, 'y'.repeat(600)).then(
        () => true,
        () => false,
      ),
    );
  });

  it('does not deliver what is older than it was to become', async () => {
    const queue = outbox();
    await give(queue, 'old', { confirm: 'kept', until: Date.now() + 20 });
    const delivered = give(queue, 'too', { confirm: 'delivered', until: Date.now() + 20 });
    await give(queue, 'fresh');
    await assert.rejects(delivered, { name: 'ExpiredError' });

    queue.connected();

    await eventually(() => sent.length === 1);
    assert.deepEqual(texts(), ['fresh']);
    queue.taken(sent[0]?.number ?? 0);
    assert.equal(queue.waiting, 0);
  });

  it('tells the flow when the address is refused, and keeps what it said was kept', async () => {
    const queue = outbox();
    await give(queue, 'kept');
    const delivered = give(queue, 'not kept', DELIVERED);
    queue.connected();
    await eventually(() => sent.length === 2);

    queue.refused('There is no such device.');

    await assert.rejects(delivered, /There is no such device/);
    assert.equal(queue.problem, 'There is no such device.');
    sent = [];
    queue.there();
    await eventually(() => sent.length === 1);
    assert.deepEqual(texts(), ['kept']);
  });

  it('never sends what it said had failed, however often it begins again', async () => {
    const queue = outbox();
    await give(queue, 'kept');
    const delivered = give(queue, 'failed', DELIVERED);
    await queue.flush();
    queue.connected();
    await eventually(() => sent.length === 2);
    queue.refused('There is no such device.');
    await assert.rejects(delivered);
    sent = [];

    queue.there();
    await eventually(() => sent.length === 1);
    queue.disconnected();
    queue.connected();

    await eventually(() => sent.length === 2);
    assert.deepEqual(texts(), ['kept', 'kept']);
    assert.equal(queue.waiting, 1);
    queue.taken(sent[1]?.number ?? 0);
    assert.equal(queue.waiting, 0);
  });

  it('tells every message that the address is refused, not only the first', async () => {
    const queue = outbox();
    queue.connected();
    for (const text of ['a', 'b']) {
      const given = give(queue, text);
      await eventually(() => texts().includes(text));
      queue.refused('There is no such device.');
      await assert.rejects(given, /There is no such device/);
    }
    assert.equal(queue.waiting, 0);
  });

  it('takes nothing more for an address that is refused while something kept waits for it', async () => {
    const queue = outbox();
    await give(queue, 'kept');
    queue.connected();
    await eventually(() => sent.length === 1);
    queue.refused('There is no such device.');

    await assert.rejects(give(queue, 'more'), /There is no such device/);

    queue.there();
    await eventually(() => sent.length === 2);
    queue.taken(sent[1]?.number ?? 0);
    const given = give(queue, 'again', DELIVERED);
    await eventually(() => sent.length === 3);
    queue.taken(sent[2]?.number ?? 0);
    await given;
  });

  it('begins a new stream when the other end remembers more than was ever sent', async () => {
    const queue = outbox();
    queue.connected();
    void give(queue, 'a').catch(() => undefined);
    await eventually(() => sent.length === 1);

    queue.taken(1_000_000_000);

    await eventually(() => sent.length === 2);
    assert.notEqual(sent[1]?.stream, sent[0]?.stream);
    assert.equal(sent[1]?.text, 'a');
  });

  it('holds a hundred thousand messages without holding them in memory', async () => {
    const queue = outbox({ mostBytes: 1024 * 1024 * 1024 });
    const body = Buffer.alloc(1024, 1);
    for (let round = 0; round < 100; round += 1) {
      await Promise.all(Array.from({ length: 1000 }, () => queue.give(body, KEPT)));
    }
    assert.equal(queue.waiting, 100_000);
    let taken = 0;
    let previous = 0;
    const receive = () => {
      for (const { number, after } of sent.splice(0)) {
        assert.ok(number > previous && after <= previous, 'in order, and once');
        previous = number;
        taken += 1;
      }
      queue.taken(previous);
    };

    queue.connected();
    while (taken < 100_000) {
      await wait(0);
      if (sent.length > 0) {
        assert.ok(sent.length <= 2000, 'no more than a window is on its way');
        receive();
      }
    }

    assert.equal(queue.waiting, 0);
    await eventually(() => queueFiles().length === 0);
  });
});

describe('The memory of a link in', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'flowyard-inbox-'));
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('knows what arrived before, also in the next process', () => {
    const inbox = new Inbox(folder, assert.fail);
    assert.equal(inbox.arrive(FROM, { stream: 's', number: 5, after: 0 }), 'new');
    assert.equal(inbox.arrive(FROM, { stream: 's', number: 5, after: 0 }), 'known');
    inbox.flush();

    const next = new Inbox(folder, assert.fail);

    assert.equal(next.arrive(FROM, { stream: 's', number: 5, after: 0 }), 'known');
    assert.equal(next.arrive(FROM, { stream: 's', number: 6, after: 5 }), 'new');
  });

  it('does not take a message before the one that it follows', () => {
    const inbox = new Inbox(folder, assert.fail);
    inbox.arrive(FROM, { stream: 's', number: 5, after: 0 });

    assert.equal(inbox.arrive(FROM, { stream: 's', number: 9, after: 7 }), 'gap');
    assert.equal(inbox.arrive(FROM, { stream: 's', number: 7, after: 5 }), 'new');
    assert.equal(inbox.arrive(FROM, { stream: 's', number: 9, after: 7 }), 'new');
  });

  it('tells streams and senders apart', () => {
    const inbox = new Inbox(folder, assert.fail);
    inbox.arrive(FROM, { stream: 's', number: 5, after: 0 });

    assert.equal(inbox.arrive(FROM, { stream: 'other', number: 1, after: 0 }), 'new');
    assert.equal(inbox.arrive({ ...FROM, id: 'dev002' }, { stream: 's', number: 1, after: 0 }), 'new');
  });
});
