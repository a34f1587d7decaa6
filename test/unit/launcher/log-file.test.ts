import assert from 'node:assert/strict';
import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readLog, rotateLog, watchLog } from '../../../launcher/src/log-file.ts';
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
