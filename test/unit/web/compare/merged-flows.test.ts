import assert from 'node:assert/strict';
import { compareFlows, type FlowNode } from '@flowyard/protocol';
import { mergeFlows, wireKey } from '../../../../control-plane/web/src/features/compare/merged-flows.ts';
import { searchNodes } from '../../../../control-plane/web/src/features/compare/search-nodes.ts';

const BEFORE: FlowNode[] = [
  { id: 't', type: 'tab', label: 'Line' },
  { id: 'a', type: 'inject', z: 't', x: 1, y: 1, wires: [['b', 'c']] },
  { id: 'b', type: 'debug', z: 't', x: 2, y: 1, wires: [] },
  { id: 'c', type: 'change', z: 't', x: 3, y: 1, wires: [] },
];
const AFTER: FlowNode[] = [
  { id: 't', type: 'tab', label: 'Line' },
  { id: 'a', type: 'inject', z: 't', x: 1, y: 1, wires: [['b', 'd']] },
  { id: 'b', type: 'debug', z: 't', x: 2, y: 1, wires: [] },
  { id: 'd', type: 'mqtt out', z: 't', name: 'To the MES', x: 3, y: 1, wires: [] },
];

describe('Two versions of a flow in one drawing', () => {
  it('have what was removed as well, with its wires', () => {
    const merged = mergeFlows(BEFORE, AFTER, compareFlows(BEFORE, AFTER));

    assert.deepEqual(
      [...merged.marks],
      [
        ['a', 'changed'],
        ['d', 'added'],
        ['c', 'removed'],
      ],
    );
    assert.deepEqual(merged.flows.find(({ id }) => id === 'a')?.wires, [['b', 'd', 'c']]);
    assert.equal(merged.wires.get(wireKey('a', 0, 'c')), 'removed');
    assert.equal(merged.wires.get(wireKey('a', 0, 'd')), 'added');
    assert.equal(merged.wires.get(wireKey('a', 0, 'b')), undefined);
  });
});

describe('Searching nodes', () => {
  it('finds those that have all words in their texts, with the flow that they are on', () => {
    assert.deepEqual(
      searchNodes(AFTER, ' MES mqtt ').items.map(({ name, flow }) => [name, flow]),
      [['To the MES', 'Line']],
    );
    assert.equal(searchNodes(AFTER, 'nothing').total, 0);
    assert.equal(searchNodes(AFTER, null).total, 0);
  });
});
