import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { shareFiles } from '../../../device-agent/src/release/share-files.ts';
import { writeTreeList } from '../../../device-agent/src/release/tree-list.ts';

describe('Trees of modules that have files in common', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'flowyard-share-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  async function tree(name: string, files: Record<string, string>): Promise<string> {
    for (const [file, text] of Object.entries(files)) {
      const whole = join(folder, name, 'node_modules', file);
      mkdirSync(dirname(whole), { recursive: true });
      writeFileSync(whole, text);
    }
    await writeTreeList(join(folder, name));
    return join(folder, name);
  }
  const inode = (...parts: string[]) => statSync(join(...parts)).ino;

  it('share those of equal content, and no others', async () => {
    const old = await tree('old', { 'a/index.js': 'same', 'a/b.js': 'old!', 'only-old.js': 'x' });
    const made = await tree('made', {
      'a/index.js': 'same',
      'a/b.js': 'new!',
      'only-new.js': 'x',
      'empty.js': '',
    });

    assert.equal(await shareFiles(made, old), 4);
    assert.equal(inode(made, 'node_modules/a/index.js'), inode(old, 'node_modules/a/index.js'));
    assert.notEqual(inode(made, 'node_modules/a/b.js'), inode(old, 'node_modules/a/b.js'));
    assert.equal(readFileSync(join(made, 'node_modules/a/b.js'), 'utf8'), 'new!');
  });

  it('take no damage from a file that the other has lost or that was cut off', async () => {
    const old = await tree('old', { 'lost.js': 'text', 'short.js': 'text' });
    const made = await tree('made', { 'lost.js': 'text', 'short.js': 'text' });
    rmSync(join(old, 'node_modules/lost.js'));
    writeFileSync(join(old, 'node_modules/short.js'), '');

    assert.equal(await shareFiles(made, old), 0);
    assert.equal(readFileSync(join(made, 'node_modules/lost.js'), 'utf8'), 'text');
    assert.equal(readFileSync(join(made, 'node_modules/short.js'), 'utf8'), 'text');
  });

  it('stay as they are when the other has no list', async () => {
    const made = await tree('made', { 'a.js': 'text' });

    assert.equal(await shareFiles(made, join(folder, 'none')), 0);
  });
});
