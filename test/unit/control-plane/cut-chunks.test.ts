import assert from 'node:assert/strict';
import fc from 'fast-check';
import { cutChunks } from '../../../control-plane/src/features/snapshots/cut-chunks.ts';

/** Flows as Node-RED stores them, as long as that many nodes. */
function flowsText(nodes: number): string {
  return JSON.stringify(
    Array.from({ length: nodes }, (_value, index) => ({
      id: `node${index}`,
      type: 'change',
      z: 'tab',
      name: `Scale value ${index}`,
      rules: [{ t: 'set', p: 'payload', pt: 'msg', to: String(index), tot: 'num' }],
      wires: [[`node${index + 1}`]],
    })),
  );
}

describe('Cutting bytes into chunks', () => {
  it('gives the same bytes when the chunks are put together, whatever they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100_000, size: 'max' }), (array) => {
        const bytes = Buffer.from(array);
        const chunks = cutChunks(bytes);
        assert.ok(Buffer.concat(chunks).equals(bytes));
        assert.ok(chunks.every((chunk) => chunk.length > 0 && chunk.length <= 64 * 1024));
        assert.ok(chunks.slice(0, -1).every((chunk) => chunk.length > 4 * 1024));
      }),
      { numRuns: 15 },
    );
  });

  it('cuts nothing out of nothing, and bytes that are all equal at the largest size', () => {
    assert.deepEqual(cutChunks(Buffer.alloc(0)), []);
    assert.ok(cutChunks(Buffer.alloc(300_000, 'a')).length >= 5);
  });

  it('has few other chunks after an edit anywhere in the flows', () => {
    const text = flowsText(5000);
    const known = new Set(cutChunks(Buffer.from(text)).map((chunk) => chunk.toString()));
    fc.assert(
      fc.property(
        fc.nat(text.length),
        fc.nat(300),
        fc.string({ maxLength: 500 }),
        (at, removed, inserted) => {
          const edited = text.slice(0, at) + inserted + text.slice(at + removed);
          const fresh = cutChunks(Buffer.from(edited)).filter((chunk) => !known.has(chunk.toString()));
          assert.ok(fresh.length <= 8, `${fresh.length} of ${known.size} chunks are others`);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('makes chunks of about 12 kB out of flows', () => {
    const bytes = Buffer.from(flowsText(5000));
    const mean = bytes.length / cutChunks(bytes).length;
    assert.ok(mean > 6000 && mean < 24_000, `${mean} bytes`);
  });
});
