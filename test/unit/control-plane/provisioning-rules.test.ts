import assert from 'node:assert/strict';
import { fitsPattern } from '../../../control-plane/src/features/provisioning/name-pattern.ts';
import { isWithin } from '../../../control-plane/src/features/provisioning/networks.ts';

describe('The name pattern of a provisioning token', () => {
  const cases: [name: string, pattern: string, fits: boolean][] = [
    ['press-1', 'press-*', true],
    ['PRESS-1', 'press-*', true],
    ['press', 'press', true],
    ['press-1', 'press', false],
    ['my press-1', 'press-*', false],
    ['hall 3 press 1', 'hall * press *', true],
    ['aXa', 'a*a', true],
    ['a', 'a*a', false],
    ['abab', '*ab*ab', true],
    ['ab', '*ab*ab', false],
    ['a.c', 'a.c', true],
    ['abc', 'a.c', false],
    ['', '*', true],
  ];
  for (const [name, pattern, fits] of cases) {
    it(`${fits ? 'takes' : 'refuses'} "${name}" for ${pattern}`, () => {
      assert.equal(fitsPattern(name, pattern), fits);
    });
  }
});

describe('The networks of a provisioning token', () => {
  const cases: [address: string, networks: string[], within: boolean][] = [
    ['192.0.2.7', [], true],
    ['192.0.2.7', ['192.0.2.7'], true],
    ['192.0.2.7', ['192.0.2.0/24'], true],
    ['::ffff:192.0.2.7', ['192.0.2.0/24'], true],
    ['192.0.3.7', ['192.0.2.0/24', '10.0.0.0/8'], false],
    ['2001:db8::7', ['2001:db8::/32'], true],
    ['2001:db9::7', ['2001:db8::/32', '192.0.2.0/24'], false],
    ['', ['192.0.2.0/24'], false],
  ];
  for (const [address, networks, within] of cases) {
    it(`${within ? 'have' : 'do not have'} "${address}" in ${networks.join(', ') || 'any'}`, () => {
      assert.equal(isWithin(address, networks), within);
    });
  }
});
