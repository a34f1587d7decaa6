import assert from 'node:assert/strict';
import { Together } from '../../../control-plane/src/features/devices/together.ts';

describe('Work that is done for many together', () => {
  it('takes all that came meanwhile into the next batch, and answers each', async () => {
    const batches: number[][] = [];
    let release = () => {};
    const together = new Together<number, string>(async (items) => {
      batches.push(items);
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      return items.map((item) => `done ${item}`);
    });
    const first = [together.do(1), together.do(2)];
    await new Promise((resolve) => setTimeout(resolve, 10));
    const second = [together.do(3), together.do(4)];
    release();
    assert.deepEqual(await Promise.all(first), ['done 1', 'done 2']);
    await new Promise((resolve) => setTimeout(resolve, 10));
    release();
    assert.deepEqual(await Promise.all(second), ['done 3', 'done 4']);
    assert.deepEqual(batches, [
      [1, 2],
      [3, 4],
    ]);
  });

  it('gathers what comes one by one, once the first was done', async () => {
    const batches: number[][] = [];
    const note = async (items: number[]) => {
      batches.push(items);
      return items;
    };
    const together = new Together<number, number>(note, { everyMs: 1000 });

    await together.do(1);
    const second = together.do(2);
    await new Promise((resolve) => setTimeout(resolve, 10));
    await Promise.all([second, together.do(3)]);

    assert.deepEqual(batches, [[1], [2, 3]]);
  });

  it('does not let many wait', async () => {
    const batches: number[][] = [];
    const note = async (items: number[]) => {
      batches.push(items);
      return items;
    };
    const together = new Together<number, number>(note, { everyMs: 60_000, enough: 3 });

    await together.do(1);
    const first = together.do(2);
    await new Promise((resolve) => setTimeout(resolve, 10));
    await Promise.all([first, together.do(3), together.do(4)]);

    assert.deepEqual(batches, [[1], [2, 3, 4]]);
  });

  it('does not let the last of a burst wait', async () => {
    const batches: number[][] = [];
    const together = new Together<number, number>(
      async (items) => {
        batches.push(items);
        await new Promise((resolve) => setTimeout(resolve, 10));
        return items;
      },
      { everyMs: 60_000, enough: 100, burst: 3 },
    );

    const burst = [1, 2, 3].map((item) => together.do(item));
    await new Promise(setImmediate);
    await Promise.all([...burst, together.do(4)]);

    assert.deepEqual(batches, [[1, 2, 3], [4]]);
  });

  it('does each alone when a batch fails, so that one holds up no other', async () => {
    const together = new Together<number, number>(async (items) => {
      if (items.includes(2)) {
        throw new Error('two');
      }
      return items;
    });
    const results = await Promise.allSettled([1, 2, 3].map((item) => together.do(item)));
    assert.deepEqual(
      results.map((result) => (result.status === 'fulfilled' ? result.value : result.reason.message)),
      [1, 'two', 3],
    );
  });

  it('goes on with what comes in answer to what was done', async () => {
    const together = new Together<number, number>(async (items) => items);
    let last = 0;
    for (let i = 1; i <= 50; i++) {
      last = await together.do(i);
    }
    assert.equal(last, 50);
  });
});
