import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { missingModules } from '../../../control-plane/src/drivers/local/palette.ts';

describe('the modules that an instance lacks', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'flowyard-palette-'));
    mkdirSync(join(folder, 'node_modules/a'), { recursive: true });
    writeFileSync(join(folder, 'node_modules/a/package.json'), JSON.stringify({ version: '1.2.3' }));
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ dependencies: { a: '~1.2.0' } }));
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('are those that are not installed, or in another version', () => {
    assert.deepEqual(missingModules(folder, { a: '1.2.3', '@x/b': '2.0.0' }), ['@x/b@2.0.0']);
    assert.deepEqual(missingModules(folder, { a: '1.2.4' }), ['a@1.2.4']);
  });

  it('are not those that npm installed for the same range', () => {
    assert.deepEqual(missingModules(folder, { a: '~1.2.0' }), []);
    assert.deepEqual(missingModules(folder, { a: '*' }), []);
    assert.deepEqual(missingModules(folder, { a: '^2.0.0' }), ['a@^2.0.0']);
  });
});
