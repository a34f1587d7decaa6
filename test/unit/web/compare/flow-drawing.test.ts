import assert from 'node:assert/strict';
import type { FlowNode } from '@flowyard/protocol';
import {
  centreOn,
  fitAll,
  inSight,
  start,
  zoomAt,
} from '../../../../control-plane/web/src/features/compare/canvas-view.ts';
import { drawFlow } from '../../../../control-plane/web/src/features/compare/flow-drawing.ts';

const FLOWS: FlowNode[] = [
  { id: 't', type: 'tab', label: 'Line' },
  { id: 's', type: 'subflow', name: 'Limit', in: [{ x: 40, y: 40, wires: [{ id: 'inner' }] }], out: [] },
  { id: 'inner', type: 'switch', z: 's', x: 200, y: 40, wires: [] },
  { id: 'a', type: 'inject', z: 't', name: 'Every minute', x: 100, y: 100, wires: [['b', 'gone']] },
  { id: 'b', type: 'switch', z: 't', x: 300, y: 100, outputs: 3, wires: [[], [], ['c']] },
  { id: 'c', type: 'subflow:s', z: 't', x: 500, y: 100, wires: [], d: true },
  { id: 'l', type: 'link out', z: 't', name: 'Onwards', x: 600, y: 100, wires: [] },
  {
    id: 'g',
    type: 'group',
    z: 't',
    name: 'Intake',
    x: 10,
    y: 10,
    w: 400,
    h: 200,
    style: { stroke: 'url(x)' },
  },
  { id: 'broker', type: 'mqtt-broker' },
];

describe('Drawing a flow', () => {
  const drawing = drawFlow(FLOWS, 't');
  const node = (id: string) => drawing.nodes.find((one) => one.id === id);

  it('has what is on the flow, by the names that the editor gives it', () => {
    assert.deepEqual(
      drawing.nodes.map(({ id, label, shape }) => [id, label, shape]),
      [
        ['a', 'Every minute', 'node'],
        ['b', 'switch', 'node'],
        ['c', 'Limit', 'node'],
        ['l', 'Onwards', 'small'],
      ],
    );
    assert.equal(node('c')?.disabled, true);
    assert.deepEqual([node('a')?.hasInput, node('b')?.hasInput], [false, true]);
  });

  it('makes nodes as high as their outputs need, and wires those that are there', () => {
    assert.equal(node('b')?.h, 45);
    assert.deepEqual(
      drawing.wires.map(({ from, port, to }) => [from, port, to]),
      [
        ['a', 0, 'b'],
        ['b', 2, 'c'],
      ],
    );
  });

  it('takes colours of groups only where they are colours', () => {
    assert.deepEqual(
      drawing.groups.map(({ label, stroke }) => [label, stroke]),
      [['Intake', null]],
    );
  });

  it('draws the inputs of a subflow with their wires', () => {
    const subflow = drawFlow(FLOWS, 's');

    assert.deepEqual(subflow.nodes.map(({ label }) => label).sort(), ['input 1', 'switch']);
    assert.equal(subflow.wires.length, 1);
  });

  it('takes values that are no numbers, too far away or of the wrong kind', () => {
    const { nodes, bounds } = drawFlow(
      [
        { id: 'x', type: 'x', z: 't', x: 1e300, y: 0, outputs: 1e9, wires: 'none' },
        { id: 'y', type: 'y', z: 't', x: 'left', y: 0 },
        { id: 'z', type: 'z', z: 't', x: 0, y: 0, wires: [null, 'a', [{}]] },
      ],
      't',
    );

    assert.deepEqual(
      nodes.map(({ id }) => id),
      ['x', 'z'],
    );
    assert.ok(nodes.every(({ outputs }) => outputs <= 200));
    assert.ok(Number.isFinite(bounds.right));
  });

  it('draws 5,000 nodes', () => {
    const many: FlowNode[] = Array.from({ length: 5_000 }, (_one, index) => ({
      id: `n${index}`,
      type: 'change',
      z: 't',
      x: (index % 50) * 150,
      y: Math.floor(index / 50) * 50,
      wires: [[`n${index + 1}`]],
    }));

    const begin = performance.now();

    assert.equal(drawFlow(many, 't').wires.length, 4_999);
    assert.ok(performance.now() - begin < 20_000);
  });
});

describe('The view of a canvas', () => {
  const bounds = { left: 0, right: 4000, top: 0, bottom: 2000 };
  const size = { width: 800, height: 400 };

  it('shows all of a drawing, or begins where it can be read', () => {
    const all = fitAll(bounds, size);

    assert.ok(inSight(all, size, { left: 3990, right: 4000, top: 1990, bottom: 2000 }));
    assert.equal(start(bounds, size).zoom, 0.8);
  });

  it('keeps what is under the pointer there when it zooms', () => {
    const before = { x: 100, y: 50, zoom: 1 };
    const after = zoomAt(before, 2, { x: 200, y: 100 });

    assert.deepEqual([after.x + 200 / after.zoom, after.y + 100 / after.zoom], [300, 150]);
  });

  it('brings a node into the middle', () => {
    const { x, y, zoom } = centreOn({ x: 0, y: 0, zoom: 1 }, size, { x: 1000, y: 1000 });

    assert.deepEqual([x + 400 / zoom, y + 200 / zoom], [1000, 1000]);
  });
});
