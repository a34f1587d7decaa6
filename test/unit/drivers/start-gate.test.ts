import assert from 'node:assert/strict';
import { StartGate } from '../../../control-plane/src/drivers/local/start-gate.ts';

const never = new AbortController().signal;

describe('the gate for starts', () => {
  it('lets in as many as there is room for, then the next one in turn', async () => {
    const gate = new StartGate(2);
    const order: string[] = [];
    const leaveFirst = await gate.enter(never);
    await gate.enter(never);
    const third = gate.enter(never).then((leave) => {
      order.push('third');
      return leave;
    });
    const fourth = gate.enter(never).then(() => order.push('fourth'));
    assert.deepEqual(order, []);

    leaveFirst();
    leaveFirst();
    const leaveThird = await third;
    assert.deepEqual(order, ['third']);
    leaveThird();
    await fourth;

    assert.deepEqual(order, ['third', 'fourth']);
  });

  it('forgets who does not want to start any more', async () => {
    const gate = new StartGate(1);
    const leave = await gate.enter(never);
    const abort = new AbortController();
    const given = gate.enter(abort.signal);

    abort.abort(new Error('stopped'));

    await assert.rejects(given, /stopped/);
    leave();
    await gate.enter(never);
  });
});
