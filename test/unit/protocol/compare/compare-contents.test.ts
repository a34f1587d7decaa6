import assert from 'node:assert/strict';
import { type Contents, compareContents } from '@flowyard/protocol';

type Variable = Contents['manifest']['variables'][number];

function contents(manifest: Partial<Contents['manifest']> = {}): Contents {
  return {
    flows: [],
    manifest: {
      credentials: null,
      variables: [],
      modules: {},
      lock: null,
      settings: {},
      nodeRed: '4.1.15',
      nodeJs: '22.1.0',
      ...manifest,
    },
  };
}

const secret = (digest?: string): Variable => ({
  name: 'KEY',
  value: null,
  secret: true,
  ...(digest === undefined ? {} : { digest }),
});

describe('What differs besides the flows', () => {
  it('is nothing between two of the same', () => {
    assert.equal(compareContents(contents(), contents()).same, true);
  });

  it('is the modules that came, went or have another version, and what they run in', () => {
    const { modules, runtime, same } = compareContents(
      contents({ modules: { a: '1.0.0', b: '1.0.0' } }),
      contents({ modules: { b: '2.0.0', c: '1.0.0' }, nodeRed: '5.0.1' }),
    );

    assert.deepEqual(
      modules.map(({ name, change }) => [name, change]),
      [
        ['a', 'removed'],
        ['b', 'changed'],
        ['c', 'added'],
      ],
    );
    assert.deepEqual(runtime, [{ name: 'Node-RED', change: 'changed', before: '4.1.15', after: '5.0.1' }]);
    assert.equal(same, false);
  });

  it('is a secret variable only where a digest tells so', () => {
    const changes = (before: Variable, after: Variable) =>
      compareContents(contents({ variables: [before] }), contents({ variables: [after] })).variables.map(
        ({ change }) => change,
      );

    assert.deepEqual(changes(secret('one'), secret('one')), []);
    assert.deepEqual(changes(secret('one'), secret('two')), ['changed']);
    assert.deepEqual(changes(secret('one'), secret()), ['unknown']);
  });

  it('says the values of variables that are not secret, and never those of others', () => {
    const { variables } = compareContents(
      contents({ variables: [{ name: 'LINE', value: '1', secret: false }] }),
      contents({ variables: [{ name: 'LINE', value: '2', secret: true }] }),
    );

    assert.deepEqual(variables, [
      {
        name: 'LINE',
        change: 'changed',
        before: { value: '1', secret: false },
        after: { value: null, secret: true },
      },
    ]);
  });

  it('is the settings that are set differently, without those that are secret', () => {
    const { settings } = compareContents(
      contents({ settings: { 'editor.title': 'One', 'login.password': 'a' } }),
      contents({ settings: { 'editor.tours': false, 'login.password': 'b' } }),
    );

    assert.deepEqual(settings, [
      { key: 'editor.title', before: { value: 'One' }, after: null },
      { key: 'editor.tours', before: null, after: { value: false } },
    ]);
  });

  it('does not know the settings of a snapshot that has none', () => {
    const old = contents();
    delete old.manifest.settings;

    const { settings, same } = compareContents(old, contents());

    assert.equal(settings, null);
    assert.equal(same, true);
  });
});
