import assert from 'node:assert/strict';
import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportLog, readLog, rotateLog, searchLog, watchLog } from '../../../launcher/src/log-file.ts';
import { eventually } from '../../support/eventually.ts';

const line = (text: string) => `${JSON.stringify({ at: '2026-11-23T10:00:00.000Z', level: 'info', text })}\n`;

describe('the log of a Node-RED', () => {
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'flowyard-log-'));
    path = join(folder, 'node-red.log');
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('gives the last lines, oldest first', async () => {
    appendFileSync(path, ['a', 'b', 'c'].map(line).join(''));

    assert.deepEqual(
      (await readLog(path, 2)).map(({ text }) => text),
      ['b', 'c'],
    );
  });

  it('is searched as a whole, across rotations, by text and level', async () => {
    const warn = (text: string) =>
      `${JSON.stringify({ at: '2026-11-23T10:00:00.000Z', level: 'warn', text })}\n`;
    appendFileSync(path, [line('Pump 1 starts'), warn('pump 1 hot'), 'FATAL ERROR: heap\n'].join(''));
    rotateLog(path, 10);
    appendFileSync(path, [line('pump 2 starts'), warn('valve hot')].join(''));
    const texts = async (filter: Parameters<typeof searchLog>[2], count = 10) =>
      (await searchLog(path, count, filter)).map(({ text }) => text);

    assert.deepEqual(await texts({ search: 'PUMP' }), ['Pump 1 starts', 'pump 1 hot', 'pump 2 starts']);
    assert.deepEqual(await texts({ level: 'warn' }), ['pump 1 hot', 'FATAL ERROR: heap', 'valve hot']);
    assert.deepEqual(await texts({ level: 'warn', search: 'hot' }, 1), ['valve hot']);
    assert.deepEqual(await texts({ search: '.*' }), []);
  });

  it('is exported whole, oldest first', async () => {
    appendFileSync(path, line('before'));
    rotateLog(path, 10);
    appendFileSync(path, line('after'));

    let text = '';
    for await (const part of exportLog(path)) {
      text += part;
    }

    assert.equal(text, '2026-11-23T10:00:00.000Z info before\n2026-11-23T10:00:00.000Z info after\n');
  });

  it('is deleted a month after it was rotated away', () => {
    appendFileSync(path, line('old'));
    rotateLog(path, 10);
    const longAgo = new Date(Date.now() - 31 * 24 * 60 * 60_000);
    utimesSync(`${path}.1`, longAgo, longAgo);

    rotateLog(path);

    assert.equal(existsSync(`${path}.1`), false);
  });

  it('is empty before there is a file', async () => {
    assert.deepEqual(await readLog(path, 10), []);
  });

  it('has lines that are not ours, such as those of a crash, with the time of the one before', async () => {
    appendFileSync(path, `${line('a')}FATAL ERROR: Reached heap limit\n`);

    const lines = await readLog(path, 10);

    assert.equal(lines[1]?.text, 'FATAL ERROR: Reached heap limit');
    assert.equal(lines[1]?.level, 'error');
    assert.equal(lines[1]?.at, lines[0]?.at);
  });

  it('is rotated under a process that goes on writing, and read across the rotation', async () => {
    const descriptor = openSync(path, 'a');
    writeSync(descriptor, line('before'));

    rotateLog(path, 10);
    writeSync(descriptor, line('after'));
    closeSync(descriptor);

    assert.equal(statSync(path).size, line('after').length);
    assert.deepEqual(
      (await readLog(path, 10)).map(({ text }) => text),
      ['before', 'after'],
    );
  });

  it('keeps two old files', () => {
    for (let round = 0; round < 4; round += 1) {
      appendFileSync(path, line(`round ${round}`));
      rotateLog(path, 10);
    }

    assert.ok(existsSync(`${path}.2`));
    assert.equal(existsSync(`${path}.3`), false);
  });

  it('calls back with what is written, also after a rotation, until told to stop', async () => {
    appendFileSync(path, line('old'));
    const seen: string[] = [];
    const stop = watchLog(path, (lines) => seen.push(...lines.map(({ text }) => text)));

    appendFileSync(path, line('one'));
    await eventually(() => seen.length === 1);
    rotateLog(path, 10);
    appendFileSync(path, line('2'));
    await eventually(() => seen.length === 2);
    stop();

    assert.deepEqual(seen, ['one', '2']);
  });
});
