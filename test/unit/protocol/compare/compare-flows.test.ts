import assert from 'node:assert/strict';
import { compareFlows, type FlowNode, type NodeChange } from '@flowyard/protocol';

const TAB = { id: 't', type: 'tab', label: 'Line' };
const NODE = { id: 'n', type: 'change', z: 't', name: 'Scale', x: 100, y: 100, wires: [['out']] };
const OUT = { id: 'out', type: 'mqtt out', z: 't', x: 300, y: 100, wires: [] };
const BASE: FlowNode[] = [TAB, NODE, OUT];

function changesOf(before: FlowNode[], after: FlowNode[]): NodeChange[] {
  return compareFlows(before, after).flows.flatMap(({ nodes }) => nodes);
}

function onlyChange(before: FlowNode[], after: FlowNode[]): NodeChange {
  const [change, ...others] = changesOf(before, after);
  assert.ok(change);
  assert.deepEqual(others, []);
  return change;
}

describe('What differs between two flows', () => {
  it('says wires by the names of the nodes at their ends', () => {
    const alarm = { ...OUT, id: 'alarm', name: 'Alarm' };

    const { wires } = onlyChange([...BASE, alarm], [TAB, { ...NODE, wires: [['alarm']] }, OUT, alarm]);

    assert.deepEqual(
      wires.map(({ change, from, to }) => [change, from.name, to.name]),
      [
        ['removed', 'Scale', 'mqtt out'],
        ['added', 'Scale', 'Alarm'],
      ],
    );
  });

  it('says links, members of groups and inner wires of subflows by name', () => {
    const link: FlowNode = { id: 'l', type: 'link out', z: 't', x: 1, y: 1, links: [], wires: [] };
    const group: FlowNode = { id: 'g', type: 'group', z: 't', nodes: ['n'], x: 0, y: 0, w: 9, h: 9 };
    const subflow: FlowNode = {
      id: 's',
      type: 'subflow',
      name: 'Limit',
      in: [{ x: 1, y: 1, wires: [] }],
      out: [],
    };

    const changes = changesOf(
      [...BASE, link, group, subflow],
      [
        ...BASE,
        { ...link, links: ['out'] },
        { ...group, nodes: ['n', 'out'] },
        {
          ...subflow,
          in: [{ x: 1, y: 1, wires: [{ id: 'n' }] }],
          out: [{ x: 5, y: 5, wires: [{ id: 'n', port: 1 }] }],
        },
      ],
    );

    const of = (id: string) => changes.find((change) => change.id === id);
    assert.deepEqual(of('l')?.wires, [
      {
        change: 'added',
        kind: 'link',
        from: { id: 'l', name: 'link out', port: 0 },
        to: { id: 'out', name: 'mqtt out', port: 0 },
      },
    ]);
    assert.deepEqual(of('g')?.members, [{ change: 'added', id: 'out', name: 'mqtt out' }]);
    assert.deepEqual(
      of('s')?.wires.map(({ from, to }) => [from.name, from.port, to.name, to.port]),
      [
        ['input 1', 0, 'Scale', 0],
        ['Scale', 1, 'output 1', 0],
      ],
    );
    assert.deepEqual(
      of('s')?.properties.map(({ name }) => name),
      ['outputs'],
    );
  });

  it('calls a node moved that is on another flow now, and says which', () => {
    const other = { id: 't2', type: 'tab', label: 'Hall' };

    const change = onlyChange([...BASE, other], [TAB, { ...NODE, z: 't2' }, OUT, other]);

    assert.equal(change.change, 'moved');
    assert.deepEqual(change.flow, { before: { id: 't', name: 'Line' }, after: { id: 't2', name: 'Hall' } });
  });

  it('names configuration nodes that a property stands for, and instances of subflows after them', () => {
    const flows = (broker: string): FlowNode[] => [
      { id: 's', type: 'subflow', name: 'Limit' },
      { id: 'b1', type: 'mqtt-broker', name: 'Hall 1' },
      { id: 'b2', type: 'mqtt-broker', name: 'Hall 2' },
      { id: 'i', type: 'subflow:s', z: 't', broker, x: 1, y: 1 },
    ];

    const change = onlyChange(flows('b1'), flows('b2'));

    assert.equal(change.name, 'Limit');
    const [property] = change.properties;
    assert.deepEqual([property?.beforeName, property?.afterName], ['Hall 1', 'Hall 2']);
  });

  it('gives the flows in the order of the editor, and what is on none after them', () => {
    const before: FlowNode[] = [TAB, { id: 'gone', type: 'tab', label: 'Gone' }];
    const after: FlowNode[] = [
      { id: 'c', type: 'mqtt-broker' },
      { id: 's', type: 'subflow', name: 'Limit' },
      { id: 'first', type: 'tab', label: 'First' },
      { ...TAB, disabled: true },
    ];

    const { flows } = compareFlows(before, after);

    assert.deepEqual(
      flows.map(({ name, kind }) => [name, kind]),
      [
        ['First', 'tab'],
        ['Line', 'tab'],
        ['Gone', 'tab'],
        ['Limit', 'subflow'],
        ['On all flows', 'global'],
      ],
    );
  });

  it('tells that tabs come in another order', () => {
    const other = { id: 't2', type: 'tab', label: 'Hall' };

    assert.equal(compareFlows([TAB, other], [other, TAB]).tabsReordered, true);
    assert.equal(compareFlows([TAB, other], [other, TAB], { ignorePositions: true }).tabsReordered, false);
    assert.equal(compareFlows([TAB, other], [{ id: 'x', type: 'tab' }, TAB, other]).tabsReordered, false);
  });

  it('never shows credentials', () => {
    const secret = (value: string): FlowNode[] => [
      {
        id: 'n',
        type: 'x',
        z: 't',
        credentials: { password: value },
        env: [{ name: 'KEY', type: 'cred', value }],
      },
    ];

    const comparison = compareFlows(secret('hunter2'), secret('correct horse'));

    assert.doesNotMatch(JSON.stringify(comparison), /hunter2|correct horse/);
    assert.equal(comparison.counts.changed, 1);
  });
});

describe('Comparing what nobody wrote by hand', () => {
  it('takes ids that come twice, flows that are missing and parents in a circle', () => {
    const hostile: FlowNode[] = [
      { id: 'a', type: 'tab', z: 'b' },
      { id: 'b', type: 'group', z: 'a', g: 'c', nodes: ['c'] },
      { id: 'c', type: 'group', z: 'a', g: 'b', nodes: ['b'] },
      { id: 'a', type: 'tab' },
      { id: 'n', type: 'change', z: 'nowhere', x: 1, y: 1, wires: 'none' },
    ];

    assert.deepEqual(compareFlows(hostile, structuredClone(hostile)).flows, []);
    assert.equal(compareFlows(hostile, []).counts.removed, hostile.length);
    assert.equal(compareFlows([], hostile).flows.find(({ id }) => id === 'nowhere')?.kind, 'missing');
  });

  it('takes property names that objects have by themselves', () => {
    const node = JSON.parse('{"id":"__proto__","type":"constructor","z":"toString","__proto__":{"x":1}}');

    const change = onlyChange([{ id: '__proto__', type: 'constructor', z: 'toString' }], [node]);

    assert.deepEqual(
      change.properties.map(({ name }) => name),
      ['__proto__'],
    );
    assert.equal(({} as Record<string, unknown>).x, undefined);
  });

  it('takes values that are nested without end', () => {
    const deep = (end: string): FlowNode[] => [
      JSON.parse(`{"id":"n","type":"x","deep":${'['.repeat(100_000)}${end}${']'.repeat(100_000)}}`),
    ];

    assert.equal(compareFlows(deep('1'), deep('1')).counts.changed, 0);
    assert.equal(compareFlows(deep('1'), deep('2')).counts.changed, 1);
  });

  it('says that texts differ, and how long they are, when their lines would take too long to compare', () => {
    const lines = (seed: number) =>
      Array.from({ length: 20_000 }, (_line, index) => `${(index * seed) % 7919}`).join('\n');

    const begin = performance.now();
    const change = onlyChange(
      [{ id: 'n', type: 'function', func: lines(3) }],
      [{ id: 'n', type: 'function', func: lines(5) }],
    );

    assert.equal(change.properties[0]?.hunks, null);
    assert.equal(change.properties[0]?.beforeSize, lines(3).length);
    assert.ok(performance.now() - begin < 30_000);
  });

  it('takes time in proportion to the number of nodes', () => {
    const many = (name: string): FlowNode[] =>
      Array.from({ length: 100_000 }, (_node, index) => ({
        id: `n${index}`,
        type: 'change',
        z: `t${index % 50}`,
        name: index % 10 === 0 ? name : 'same',
        x: 1,
        y: 1,
        wires: [['n0']],
      }));

    const begin = performance.now();
    const { counts } = compareFlows(many('old'), many('new'));

    assert.equal(counts.changed, 10_000);
    assert.ok(performance.now() - begin < 40_000);
  });
});
