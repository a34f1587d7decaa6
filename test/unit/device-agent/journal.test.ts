import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Journal, type JournalEntry } from '../../../device-agent/src/files/journal.ts';

const COUNT: JournalEntry<number> = {
  name: 'count',
  parse: (value) => {
    if (typeof value !== 'number') {
      throw new TypeError('not a number');
    }
    return value;
  },
};

describe('the journal', () => {
  let folder: string;
  let damaged: string[];
  let journal: Journal;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'flowyard-journal-'));
    damaged = [];
    journal = new Journal(folder, (name) => damaged.push(name));
    await journal.write(COUNT, 1);
    await journal.write(COUNT, 2);
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  const file = () => path.join(folder, 'count.json');

  it('reads back what was written last', async () => {
    assert.equal(await journal.read(COUNT), 2);
  });

  it('leaves no temporary files', async () => {
    assert.deepEqual((await readdir(folder)).sort(), ['count.json', 'count.previous.json']);
  });

  it('takes the previous copy at every place where a power cut may have cut the file', async () => {
    const content = await readFile(file());

    for (let length = 0; length < content.length; length += 1) {
      await writeFile(file(), content.subarray(0, length));
      assert.equal(await journal.read(COUNT), 1, `cut after ${length} bytes`);
    }
  });

  it('does not believe a file in which one bit has flipped', async () => {
    const content = await readFile(file());
    content[content.length - 1] = (content.at(-1) ?? 0) ^ 1;
    await writeFile(file(), content);

    assert.equal(await journal.read(COUNT), 1);
    assert.deepEqual(damaged, ['count.json']);
  });

  it('does not believe a file full of zeros', async () => {
    await writeFile(file(), Buffer.alloc(4096));

    assert.equal(await journal.read(COUNT), 1);
  });

  it('does not believe a value of another kind, even with the right checksum', async () => {
    await journal.write(COUNT as JournalEntry<unknown>, 'two');

    assert.equal(await journal.read(COUNT), 2);
  });

  it('knows nothing when both copies are damaged', async () => {
    await writeFile(file(), 'garbage');
    await writeFile(path.join(folder, 'count.previous.json'), '');

    assert.equal(await journal.read(COUNT), null);
  });

  it('keeps the good copy when it writes over a damaged file', async () => {
    await writeFile(file(), 'garbage');
    await journal.write(COUNT, 3);
    await writeFile(file(), 'garbage again');

    assert.equal(await journal.read(COUNT), 1);
  });

  it('forgets an entry with its copy', async () => {
    await journal.remove(COUNT);

    assert.equal(await journal.read(COUNT), null);
  });
});
