import assert from 'node:assert/strict';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { AgentMessage, SpoolEntry } from '@flowyard/protocol';
import { Spool } from '../../../device-agent/src/spool/spool.ts';
import { eventually } from '../../support/eventually.ts';

type Batch = Extract<AgentMessage, { type: 'spool' }>;

describe('The spool of a device', () => {
  let folder: string;
  let sent: Batch[];
  const open = (limits?: { bytes: number; entries: number }) =>
    new Spool({
      folder,
      send: (message) => message.type === 'spool' && sent.push(message),
      ...(limits && { limits }),
    });
  const numbers = (entries: SpoolEntry[]) => entries.map(({ body }) => body.n);
  const filesOf = (stream: string) =>
    readdirSync(folder)
      .filter((name) => name.startsWith(stream))
      .sort()
      .map((name) => path.join(folder, name));

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'flowyard-spool-'));
    sent = [];
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('delivers what was written while away, in order, one batch after the other', async () => {
    const spool = open();
    for (let n = 1; n <= 450; n++) {
      spool.append('events', { n });
    }
    assert.equal(spool.waiting.messages, 450);
    assert.equal(sent.length, 0);
    spool.connected();

    const got: unknown[] = [];
    for (let batch = 1; got.length < 450; batch++) {
      const { entries, epoch, stream } = await eventually(() => sent.length === batch && sent.at(-1));
      got.push(...numbers(entries));
      assert.equal(entries.at(-1)?.seq, got.length);
      spool.acknowledged({ type: 'spool-ack', stream, epoch, seq: got.length });
    }
    assert.deepEqual(
      got,
      Array.from({ length: 450 }, (_value, index) => index + 1),
    );
    assert.deepEqual(spool.waiting, { messages: 0, bytes: 0 });
    await spool.close();
  });

  it('sends again what was not acknowledged when the link comes back, under the same numbers', async () => {
    const spool = open();
    spool.append('events', { n: 1 });
    spool.connected();
    const first = await eventually(() => sent[0]);
    spool.disconnected();
    spool.append('events', { n: 2 });
    spool.connected();
    const second = await eventually(() => sent[1]);
    assert.deepEqual([numbers(first.entries), numbers(second.entries)], [[1], [1, 2]]);
    assert.deepEqual([second.epoch, second.entries[0]?.seq], [first.epoch, 1]);
    await spool.close();
  });

  it('has everything after a kill, and cuts off what was half written', async () => {
    const before = open();
    before.append('events', { n: 1 });
    before.append('events', { n: 2 });
    // Not closed: as after kill -9, with a line that the power cut through.
    const [file = ''] = filesOf('events');
    const whole = statSync(file).size;
    appendFileSync(file, 'deadbeef {"seq":3,"at":"20');

    const after = open();
    assert.equal(statSync(file).size, whole);
    after.append('events', { n: 3 });
    after.connected();
    const { entries } = await eventually(() => sent[0]);
    assert.deepEqual(
      entries.map(({ seq, body }) => [seq, body.n]),
      [
        [1, 1],
        [2, 2],
        [3, 3],
      ],
    );
    await Promise.all([before.close(), after.close()]);
  });

  it('passes over a damaged line, whose number is then missing', async () => {
    const before = open();
    for (const n of [1, 2, 3]) {
      before.append('events', { n });
    }
    await before.close();
    const [file = ''] = filesOf('events');
    writeFileSync(file, readFileSync(file, 'utf8').replace('"n":2', '"n":9'));
    const after = open();
    after.connected();
    const { entries } = await eventually(() => sent[0]);
    assert.deepEqual(
      entries.map(({ seq }) => seq),
      [1, 3],
    );
    await after.close();
  });

  it('goes on counting after a start, also when all was delivered', async () => {
    const first = open();
    first.append('events', { n: 1 });
    first.connected();
    const { epoch, stream } = await eventually(() => sent[0]);
    first.acknowledged({ type: 'spool-ack', stream, epoch, seq: 1 });
    await first.close();
    const second = open();
    second.append('events', { n: 2 });
    second.connected();
    const again = await eventually(() => sent[1]);
    assert.equal(again.epoch, epoch);
    // Whether the first one was delivered is known to the other side.
    assert.deepEqual(
      again.entries.map(({ seq }) => seq),
      [1, 2],
    );
    await second.close();
  });

  it('gives up the oldest metrics first when its space is used up, then the oldest events', async () => {
    const spool = open({ bytes: 400 * 1024, entries: 1_000_000 });
    const text = 'x'.repeat(1000);
    for (let n = 1; n <= 300; n++) {
      spool.append('metrics', { n, text });
    }
    for (let n = 1; n <= 200; n++) {
      spool.append('events', { n, text });
    }
    const sizes = () =>
      [...filesOf('metrics'), ...filesOf('events')].reduce((sum, file) => sum + statSync(file).size, 0);
    assert.ok(sizes() <= 400 * 1024, `${sizes()}`);
    spool.connected();
    const events = await eventually(() => sent.find(({ stream }) => stream === 'events'));
    assert.equal(events.entries[0]?.seq, 1, 'no event is lost while there are metrics');
    const metrics = await eventually(() => sent.find(({ stream }) => stream === 'metrics'));
    assert.ok((metrics.entries[0]?.seq ?? 0) > 100);
    spool.disconnected();
    for (let n = 1; n <= 600; n++) {
      spool.append('events', { n, text });
    }
    assert.ok(sizes() <= 400 * 1024, `${sizes()}`);
    await spool.close();
  });

  it('says how long ago something was, whatever became of the clock', async () => {
    const spool = open();
    spool.append('events', { n: 1 }, { at: '1970-01-01T00:00:00.000Z', up: spool.uptime - 3600 });
    spool.connected();
    const { entries } = await eventually(() => sent[0]);
    const age = entries[0]?.ageMs;
    if (process.platform === 'linux') {
      assert.ok(age !== null && age !== undefined && Math.abs(age - 3_600_000) < 5000, `${age}`);
    }
    await spool.close();
  });

  it('begins with other numbers when its folder was lost', async () => {
    const first = open();
    first.append('events', { n: 1 });
    first.connected();
    const before = await eventually(() => sent[0]);
    await first.close();
    rmSync(folder, { recursive: true });
    const second = open();
    second.append('events', { n: 2 });
    second.connected();
    const after = await eventually(() => sent[1]);
    assert.notEqual(after.epoch, before.epoch);
    assert.equal(after.entries[0]?.seq, 1);
    await second.close();
  });

  it('never gives a number twice when it is older than what was delivered', async () => {
    const spool = open();
    spool.append('events', { n: 1 });
    spool.connected();
    const { epoch, stream } = await eventually(() => sent[0]);
    spool.acknowledged({ type: 'spool-ack', stream, epoch, seq: 500 });
    spool.append('events', { n: 2 });
    const next = await eventually(() => sent[1]);
    assert.equal(next.entries[0]?.seq, 501);
    await spool.close();
  });

  it('keeps no device from running when its folder cannot be had, and keeps again what comes when it can', async () => {
    rmSync(folder, { recursive: true });
    writeFileSync(folder, 'in the way');
    const spool = open();
    spool.append('events', { n: 1 });
    rmSync(folder);
    spool.append('events', { n: 2 });
    spool.connected();

    const { entries } = await eventually(() => sent.at(-1));

    assert.deepEqual(numbers(entries), [2]);
    assert.equal(entries[0]?.seq, 2, 'so that the first one is known to be missing');
    await spool.close();
  });

  it('gives no number twice when its newest file cannot be read, and lets go of that file', async () => {
    const before = open();
    before.append('events', { n: 1 });
    before.append('events', { n: 2 });
    await before.close();
    const [newest] = filesOf('events') as [string];
    rmSync(newest);
    mkdirSync(newest);

    const spool = open();
    spool.append('events', { n: 3 });
    spool.connected();
    const { entries, stream, epoch } = await eventually(() => sent.at(-1));

    assert.deepEqual(numbers(entries), [3]);
    const seq = entries[0]?.seq ?? 0;
    assert.ok(seq > 2, `the number ${seq} was given before`);
    assert.ok(newest.includes(epoch), 'what was delivered before still counts once');
    spool.acknowledged({ type: 'spool-ack', stream, epoch, seq });
    assert.equal(filesOf('events').includes(newest), false);
    assert.deepEqual(spool.waiting, { messages: 0, bytes: 0 });
    await spool.close();
  });
});
