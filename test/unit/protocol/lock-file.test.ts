import assert from 'node:assert/strict';
import { readLockFile } from '@flowyard/protocol';

const MODULES = { 'node-red-contrib-a': '1.2.0', '@flowyard/nodes': '0.1.0' };

function buildLock(
  packages: Record<string, unknown> = {},
  dependencies = { 'node-red-contrib-a': '~1.2.0' },
) {
  return JSON.stringify({
    name: 'some-folder',
    lockfileVersion: 3,
    packages: {
      '': { name: 'some-folder', dependencies },
      'node_modules/node-red-contrib-a': {
        version: '1.2.0',
        resolved: 'https://registry.example.com/node-red-contrib-a/-/node-red-contrib-a-1.2.0.tgz',
        integrity: 'sha512-abc',
        dependencies: { b: '^2.0.0' },
      },
      'node_modules/b': { version: '2.1.0', integrity: 'sha512-def' },
      ...packages,
    },
  });
}

const problemOf = (text: string) => {
  const reading = readLockFile(text, MODULES);
  return 'problem' in reading ? reading.problem : null;
};

describe('the lock file of a snapshot', () => {
  it('names no registry and keeps the integrity', () => {
    const reading = readLockFile(buildLock(), MODULES);

    assert.ok('lock' in reading);
    const { packages } = JSON.parse(reading.lock);
    assert.deepEqual(packages[''].dependencies, { 'node-red-contrib-a': '1.2.0' });
    assert.equal(packages['node_modules/node-red-contrib-a'].integrity, 'sha512-abc');
    assert.doesNotMatch(reading.lock, /resolved|example\.com|some-folder/);
  });

  it('is the same text when it is read again, and for another order of the same packages', () => {
    const content = JSON.parse(buildLock());
    const turned = { ...content, packages: Object.fromEntries(Object.entries(content.packages).reverse()) };
    const first = readLockFile(buildLock(), MODULES);

    assert.ok('lock' in first);
    assert.deepEqual(readLockFile(first.lock, MODULES), first);
    assert.deepEqual(readLockFile(JSON.stringify(turned), MODULES), first);
  });

  it('has exactly the modules of the snapshot', () => {
    const more = buildLock({ 'node_modules/c': { version: '1.0.0' } }, {
      'node-red-contrib-a': '~1.2.0',
      c: '1.0.0',
    } as never);

    assert.match(problemOf(more) ?? '', /also has c/);
    assert.match(
      problemOf(buildLock({ 'node_modules/node-red-contrib-a': { version: '1.3.0' } })) ?? '',
      /does not have/,
    );
    assert.match(problemOf(buildLock().replaceAll('node-red-contrib-a', 'other')) ?? '', /other/);
  });

  it('is refused when it would fetch from elsewhere than a registry', () => {
    const hostile: Array<[place: string, entry: object]> = [
      ['node_modules/b', { version: '2.1.0', resolved: 'git+ssh://git@example.com/b.git#abc' }],
      ['node_modules/b', { version: '2.1.0', resolved: 'file:../secrets' }],
      ['node_modules/b', { resolved: 'packages/b', link: true }],
      ['node_modules/b', { version: 'git+https://example.com/b.git' }],
      ['node_modules/b', { version: '2.1.0', dependencies: { c: 'git+https://example.com/c.git' } }],
      ['node_modules/b', { version: '2.1.0', dependencies: { c: 'someone/c' } }],
      ['node_modules/b', { version: '2.1.0', dependencies: { c: 'github:someone/c' } }],
      ['node_modules/b', { version: '2.1.0', optionalDependencies: { c: 'file:/etc' } }],
      ['node_modules/b', { version: '2.1.0', peerDependencies: { c: 'https://example.com/c.tgz' } }],
      ['../outside', { version: '1.0.0' }],
      ['node_modules/../../outside', { version: '1.0.0' }],
      ['packages/b', { version: '1.0.0' }],
    ];
    for (const [place, entry] of hostile) {
      assert.notEqual(problemOf(buildLock({ [place]: entry })), null, `${place} ${JSON.stringify(entry)}`);
    }
  });

  it('takes what registries do have: ranges, tags, aliases, scopes and nested packages', () => {
    const packages = {
      'node_modules/@some/b': {
        version: '1.0.0-beta.1',
        dependencies: { x: 'latest', y: 'npm:@other/y@^1 || 2.x' },
      },
      'node_modules/@some/b/node_modules/x': {
        version: '1.0.0+build',
        peerDependencies: { z: '>=1 <3', w: '*' },
      },
    };

    assert.equal(problemOf(buildLock(packages)), null);
  });

  it('is refused when it is something else', () => {
    for (const text of [
      '',
      'null',
      '[]',
      '{}',
      '{"packages":null}',
      '{"packages":{"a":null}}',
      '{"lockfileVersion":1}',
    ]) {
      assert.notEqual(problemOf(text), null, text);
    }
  });
});
