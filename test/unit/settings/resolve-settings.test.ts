import assert from 'node:assert/strict';
import type { Origin } from '@flowyard/protocol';
import fc from 'fast-check';
import { type Level, resolveLevels } from '../../../control-plane/src/features/settings/resolve-settings.ts';

type Kind = Origin['kind'];

function level(
  kind: Kind,
  values: Record<string, number | { value: number; locked: boolean }>,
): Level<number> {
  const entries = Object.entries(values).map(
    ([name, value]) => [name, typeof value === 'number' ? { value } : value] as const,
  );
  return { origin: { kind, id: null, name: null }, values: new Map(entries) };
}

const KINDS: Kind[] = [
  'default',
  'platform',
  'template',
  'team',
  'application',
  'group',
  'snapshot',
  'instance',
];
const anyLevels = fc.array(
  fc.dictionary(
    fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor'),
    fc.record({ value: fc.integer(), locked: fc.boolean() }),
  ),
  { maxLength: KINDS.length },
);

function toLevels(values: Array<Record<string, { value: number; locked: boolean }>>): Level<number>[] {
  return values.map((entry, index) => level(KINDS[index] ?? 'default', entry));
}

describe('Settings and variables from several levels', () => {
  it('count as the strongest level says', () => {
    const resolved = resolveLevels([
      level('default', { a: 1, b: 1, c: 1 }),
      level('template', { a: 2, b: 2 }),
      level('instance', { a: 3 }),
    ]);

    assert.deepEqual(
      ['a', 'b', 'c'].map((name) => [resolved.get(name)?.value, resolved.get(name)?.origin.kind]),
      [
        [3, 'instance'],
        [2, 'template'],
        [1, 'default'],
      ],
    );
  });

  it('count as the template says where it locks them', () => {
    const resolved = resolveLevels([
      level('default', { a: 1 }),
      level('template', { a: { value: 2, locked: true } }),
      level('snapshot', { a: 3 }),
      level('instance', { a: 4 }),
    ]);

    assert.deepEqual(resolved.get('a'), {
      value: 2,
      origin: { kind: 'template', id: null, name: null },
      locked: true,
    });
  });

  it('have a value whenever a level has one, and no other', () => {
    fc.assert(
      fc.property(anyLevels, (values) => {
        const levels = toLevels(values);
        const names = new Set(levels.flatMap((one) => [...one.values.keys()]));
        assert.deepEqual(new Set(resolveLevels(levels).keys()), names);
      }),
    );
  });

  it('are never changed by a level stronger than a lock, nor by a weaker one without', () => {
    fc.assert(
      fc.property(anyLevels, fc.integer(), (values, other) => {
        const levels = toLevels(values);
        const before = resolveLevels(levels);
        const stronger = level('device', { a: other, b: other });
        for (const [name, { locked, value }] of resolveLevels([...levels, stronger])) {
          const touched = name === 'a' || name === 'b';
          const wasLocked = before.get(name)?.locked === true;
          assert.equal(value, touched && !wasLocked ? other : before.get(name)?.value);
          assert.equal(locked, wasLocked);
        }
        const weaker = level('default', { a: other });
        const after = resolveLevels([weaker, ...levels]);
        assert.equal(after.get('a')?.value, before.has('a') ? before.get('a')?.value : other);
      }),
    );
  });
});
