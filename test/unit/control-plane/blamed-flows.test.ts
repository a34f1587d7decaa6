import assert from 'node:assert/strict';
import type { Flows } from '@flowyard/protocol';
import { findBlamedFlows } from '../../../control-plane/src/features/crashes/blamed-flows.ts';

const FLOWS = [
  { id: 'tab1', type: 'tab', label: 'Line 1' },
  { id: 'tab2', type: 'tab', label: '' },
  { id: 'tab3', type: 'tab', label: 'Line 3' },
  { id: 'sub1', type: 'subflow', name: 'Average' },
  { id: 'outer', type: 'subflow', name: 'Outer' },
  { id: 'calc', type: 'function', z: 'tab1', name: 'calculate' },
  { id: 'inner', type: 'function', z: 'sub1' },
  { id: 'use1', type: 'subflow:sub1', z: 'tab2' },
  { id: 'use2', type: 'subflow:sub1', z: 'outer' },
  { id: 'use3', type: 'subflow:outer', z: 'tab3' },
  { id: 'read1', type: 'modbus-read', z: 'tab1' },
  { id: 'read2', type: 'modbus-read', z: 'tab3' },
  { id: 'client', type: 'modbus-client' },
  { id: 'loop', type: 'subflow:self', z: 'self' },
] as Flows;

const flowsOf = (blamed: Parameters<typeof findBlamedFlows>[1]) =>
  findBlamedFlows(FLOWS, blamed).flows.map(({ id }) => id);

describe('The flows to blame for a crash', () => {
  it('are the flow of the node, with its names', () => {
    assert.deepEqual(findBlamedFlows(FLOWS, { nodeId: 'calc' }), {
      node: { id: 'calc', name: 'calculate', type: 'function' },
      flows: [{ id: 'tab1', name: 'Line 1' }],
    });
  });

  it('are all flows that use the subflow that the node is in, also through others', () => {
    assert.deepEqual(flowsOf({ nodeId: 'use1-inner' }), ['tab2', 'tab3']);
    assert.equal(findBlamedFlows(FLOWS, { nodeId: 'inner' }).flows[0]?.name, 'tab2');
  });

  it('are all flows with nodes of the types', () => {
    const found = findBlamedFlows(FLOWS, { types: ['modbus-read', 'modbus-write'] });

    assert.equal(found.node, null);
    assert.deepEqual(
      found.flows.map(({ id }) => id),
      ['tab1', 'tab3'],
    );
  });

  it('are none where leaving out a flow would not help, or nothing is known', () => {
    assert.deepEqual(flowsOf({ types: ['modbus-client'] }), []);
    assert.deepEqual(flowsOf({ nodeId: 'loop' }), []);
    assert.deepEqual(flowsOf({ nodeId: 'gone' }), []);
    assert.deepEqual(flowsOf(null), []);
  });
});
