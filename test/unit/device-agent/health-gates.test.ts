import assert from 'node:assert/strict';
import { type FlowState, NO_FLOW_STATE } from '@flowyard/protocol';
import type { RuntimeView } from '../../../device-agent/src/describe-current.ts';
import { passGates } from '../../../device-agent/src/health-gates.ts';
import { GateError } from '../../../device-agent/src/node-red-runner.ts';

const OPTIONS = { startMs: 5000, stableMs: 0, probe: null };

/** Views one after the other, the last one for ever. */
function viewing(...flows: Partial<FlowState>[]): { view: () => RuntimeView; looks: () => number } {
  let looks = 0;
  const view = () => {
    const flow = { ...NO_FLOW_STATE, ...flows[Math.min(looks, flows.length - 1)] };
    looks += 1;
    return { state: 'running', reason: null, step: null, nodeRed: '4.1.15', isBroken: false, flow } as const;
  };
  return { view, looks: () => looks };
}

describe('the health gates of a device', () => {
  const pass = (view: () => RuntimeView) =>
    passGates(view, { ...OPTIONS, signal: new AbortController().signal });

  it('let flows pass that say nothing', async () => {
    await pass(viewing({}).view);
  });

  it('do not let flows pass that say they are not well, and tell what they say', async () => {
    await assert.rejects(pass(viewing({ unwell: 'no air' }).view), (error) => {
      assert.ok(error instanceof GateError);
      assert.equal(error.message, 'The flow says: no air');
      return true;
    });
  });

  it('wait for flows that must prove themselves', async () => {
    const { view, looks } = viewing({ unproven: true }, { unproven: true }, {});

    await pass(view);

    assert.equal(looks(), 3);
    await assert.rejects(pass(viewing({ unproven: true }, { unwell: 'it failed' }).view), GateError);
  });
});
