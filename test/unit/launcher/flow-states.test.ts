import assert from 'node:assert/strict';
import { FLOW_RUNTIME, LONGEST_FLOW_REASON, LONGEST_HOLD_MS, type ToldFlowState } from '@flowyard/protocol';
import { FlowStates } from '../../../launcher/src/child/flow-states.ts';
import * as merging from '../../../launcher/src/child/merge-flow-state.ts';
import { HoldPatience } from '../../../launcher/src/hold-patience.ts';
import { KnownFlowState } from '../../../launcher/src/known-flow-state.ts';
import { eventually } from '../../support/eventually.ts';

const { mergeFlowState } = merging;
const well = { state: 'well', reason: '' } as const;
const unwell = (reason: string) => ({ state: 'unwell', reason }) as const;
const unproven = { state: 'unproven', reason: '' } as const;
const HOLD = { reason: 'a batch', until: '2026-01-01T12:00:00.000Z' };

describe('What the nodes of a flow say together', () => {
  it('is nothing while none says anything', () => {
    assert.deepEqual(mergeFlowState([], [], 0), { unwell: null, unproven: false, hold: null });
  });

  it('is not well when one is not', () => {
    assert.equal(mergeFlowState([well, well], [], 0).unwell, null);
    assert.equal(mergeFlowState([well, unwell('no air')], [], 0).unwell, 'no air');
    assert.equal(
      mergeFlowState([unwell('no air'), unwell('no water'), well], [], 0).unwell,
      'no air (and 1 more)',
    );
  });

  it('is unproven until all have reported', () => {
    assert.equal(mergeFlowState([well, unproven], [], 0).unproven, true);
    assert.equal(mergeFlowState([well, unwell('x')], [], 0).unproven, false);
  });

  it('holds for as long as the last of them, and not after that', () => {
    const holds = [
      { reason: 'short', endsAt: 1000 },
      { reason: 'long', endsAt: 5000 },
    ];

    assert.deepEqual(mergeFlowState([], holds, 0).hold, { reason: 'long (and 1 more)', forMs: 5000 });
    assert.deepEqual(mergeFlowState([], holds, 1000).hold, { reason: 'long', forMs: 4000 });
    assert.equal(mergeFlowState([], holds, 5000).hold, null);
  });
});

describe('The process that flows run in', () => {
  const told: ToldFlowState[] = [];
  const states = () => {
    told.length = 0;
    return new FlowStates((state) => told.push(state));
  };

  it('tells at once what was quiet before, and of many changes the last', async () => {
    const flows = states();

    flows.reportHealth('a', unwell('one'));
    assert.equal(told.at(-1)?.unwell, 'one');
    for (let count = 0; count < 1000; count += 1) {
      flows.reportHealth('a', count % 2 === 0 ? well : unwell(`${count}`));
    }
    assert.equal(told.length, 1);
    await eventually(() => told.length === 2);

    assert.equal(told.at(-1)?.unwell, '999');
  });

  it('tells before a state what is due', () => {
    const flows = states();
    flows.reportHealth('a', unwell('of the flows before'));
    flows.reportHealth('a', undefined);

    flows.flush();

    assert.equal(told.at(-1)?.unwell, null);
    assert.equal(flows.notable, null);
  });

  it('ends a hold by itself, tells so, and bounds it', async () => {
    const flows = states();
    flows.holdUpdates('long', { reason: 'x', forMs: Number.MAX_SAFE_INTEGER });
    assert.ok((flows.current.hold?.forMs ?? 0) <= LONGEST_HOLD_MS);
    flows.holdUpdates('long', undefined);
    flows.holdUpdates('a', { reason: 'short', forMs: 20 });

    await eventually(() => told.at(-1)?.hold === null);

    assert.equal(flows.current.hold, null);
  });

  it('takes nothing from a node that it cannot pass on, and cuts what is too long', () => {
    const flows = states();
    for (const forMs of [Number.NaN, Number.POSITIVE_INFINITY, 0, -1]) {
      assert.throws(() => flows.holdUpdates('a', { reason: 'x', forMs }), TypeError);
    }
    assert.throws(() => flows.reportHealth('a', { state: 'fine' } as never), TypeError);
    assert.deepEqual([flows.notable, told], [null, []]);

    flows.reportHealth('a', unwell('x'.repeat(100_000)));
    assert.equal(told[0]?.unwell?.length, LONGEST_FLOW_REASON);
  });

  it('has what the protocol says', () => {
    assert.equal(merging.LONGEST_HOLD_MS, LONGEST_HOLD_MS);
    states().expose();
    const runtime = (globalThis as Record<symbol, unknown>)[Symbol.for(FLOW_RUNTIME)] as { version: number };
    assert.equal(runtime.version, 1);
  });
});

describe('Whoever runs a process', () => {
  it('forgets what its flows said when it ends or says nothing any more', () => {
    const known = new KnownFlowState(() => {});
    known.told({ unwell: 'no air', unproven: false, hold: { reason: 'a batch', forMs: 60_000 } });
    assert.equal(known.state.hold?.reason, 'a batch');

    known.told(undefined);

    assert.deepEqual(known.state, { unwell: null, unproven: false, hold: null });
  });

  it('takes the same hold, told again a moment later, for the same', () => {
    const known = new KnownFlowState(() => {});
    const told = (forMs: number) =>
      known.told({ unwell: null, unproven: false, hold: { reason: 'b', forMs } });
    told(60_000);
    const { until } = known.state.hold ?? {};

    told(59_500);
    assert.equal(known.state.hold?.until, until);
    told(30_000);
    assert.notEqual(known.state.hold?.until, until);
    known.told(undefined);
  });

  it('does not wait longer than a day with one update, however often its flows lock anew', () => {
    const patience = new HoldPatience();
    assert.equal(patience.waits(1000), LONGEST_HOLD_MS);
    assert.equal(patience.of(HOLD, 1000 + LONGEST_HOLD_MS - 1), HOLD);
    assert.equal(patience.waits(1000 + LONGEST_HOLD_MS - 1), 1);

    assert.equal(patience.of(HOLD, 1000 + LONGEST_HOLD_MS), null);
    patience.goesOn();
    assert.equal(patience.of(HOLD, 1000 + LONGEST_HOLD_MS), HOLD);
  });
});
