import assert from 'node:assert/strict';
import { parse } from 'dotenv';
import fc from 'fast-check';
import { formatDotEnv } from '../../../control-plane/web/src/features/instances/dot-env.ts';

describe('variables as a .env file', () => {
  it('leave secrets out, and say so', () => {
    const text = formatDotEnv([
      { name: 'A', value: 'two words', secret: false },
      { name: 'PASSWORD', value: 'typed just now', secret: true },
    ]);

    assert.equal(text, "A='two words'\n# PASSWORD is secret and left out\n");
  });

  it('are read back as they were, or left out', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (value) => {
        const read = parse(formatDotEnv([{ name: 'A', value, secret: false }]));
        assert.ok(read.A === undefined || read.A === value, JSON.stringify([value, read.A]));
      }),
    );
    const awkward = ['', ' a ', 'a#b', "it's", 'say "x"', 'a\nb', '$HOME', 'a=b', '`x`', 'C:\\new', '# x'];
    for (const value of awkward) {
      assert.equal(parse(formatDotEnv([{ name: 'A', value, secret: false }])).A, value);
    }
  });
});
