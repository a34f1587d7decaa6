import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decodeMessage, encodeMessage } from '../../../../nodes/src/link/codec.ts';

const through = (message: object) => decodeMessage(encodeMessage(message));

describe('What travels between flows', () => {
  it('comes out as it went in, whatever JSON can say and more', () => {
    const key = fc.string().filter((text) => text !== '__proto__');
    const value = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.constant(undefined),
        fc.constant(null),
        fc.boolean(),
        fc.double().filter((number) => !Object.is(number, -0)),
        fc.bigInt(),
        fc.string({ unit: 'binary' }),
        fc.date({ noInvalidDate: true }),
        fc.uint8Array().map((bytes) => Buffer.from(bytes)),
        fc.float32Array({ noNaN: true }),
        fc.array(tie('value')),
        fc.dictionary(key, tie('value')).map((object) => ({ ...object })),
        fc.array(fc.tuple(fc.oneof(key, fc.integer()), tie('value'))).map((pairs) => new Map(pairs)),
        fc.array(fc.string()).map((items) => new Set(items)),
      ),
    })).value;

    fc.assert(
      fc.property(value, (payload) => {
        assert.deepEqual(through({ payload }), { payload });
      }),
      { numRuns: 500 },
    );
  });

  it('may refer to itself', () => {
    const payload: Record<string, unknown> = { name: 'tank', parts: [] };
    (payload.parts as unknown[]).push(payload);

    const arrived = through({ payload, again: payload });

    const back = arrived.payload as { parts: unknown[] };
    assert.equal(back.parts[0], back);
    assert.equal(arrived.again, back);
  });

  it('leaves functions, symbols and the request and response of HTTP behind', () => {
    const list = [1, () => 2, Symbol('x')];

    const arrived = through({ payload: { run: () => 1, kept: 1, list }, req: { socket: {} }, res: {} });

    assert.deepEqual(arrived, { payload: { kept: 1, list: [1, undefined, undefined] } });
  });

  it('takes the data of an object of a class, never its code', () => {
    class Reading {
      celsius = 21;
      get fahrenheit() {
        return this.celsius * 1.8 + 32;
      }
    }

    const { payload } = through({ payload: new Reading() });

    assert.deepEqual(payload, { celsius: 21 });
    assert.equal(Object.getPrototypeOf(payload), Object.prototype);
  });

  it('does not let a message change what objects inherit', () => {
    const payload = JSON.parse('{"__proto__": {"admin": true}, "constructor": 1}');

    const arrived = through({ payload }) as { payload: { admin?: boolean } };

    assert.equal(arrived.payload.admin, undefined);
    assert.equal(({} as { admin?: boolean }).admin, undefined);
  });

  it('may be a buffer of ten megabytes', () => {
    const payload = Buffer.alloc(10 * 1024 * 1024, 7);

    assert.ok((through({ payload }).payload as Buffer).equals(payload));
  });

  it('is refused with a reason when it is nested without end', () => {
    let payload: unknown = 1;
    for (let depth = 0; depth < 10_000; depth += 1) {
      payload = [payload];
    }

    assert.throws(() => encodeMessage({ payload }), /nested deeper than 500 levels/);
  });

  it('is refused when the bytes are no message', () => {
    for (const bytes of [Buffer.from([0xc1]), Buffer.from([]), Buffer.from([1]), Buffer.from('hello')]) {
      assert.throws(() => decodeMessage(bytes), /not a message/);
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decodeMessage(Buffer.from(bytes));
        } catch (error) {
          assert.equal((error as Error).name, 'CodecError');
        }
      }),
    );
  });
});
