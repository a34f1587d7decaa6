import assert from 'node:assert/strict';
import { compareFlows, type FlowsComparison, type NodeChange } from '@flowyard/protocol';
import fc from 'fast-check';
import { applyEdits, edits, flows, type Told } from './generated-flows.ts';

function toldBy(comparison: FlowsComparison): Told[] {
  return comparison.flows
    .flatMap(({ nodes }) => nodes)
    .map((node) => ({
      id: node.id,
      change: node.change,
      what: [...node.properties.map(({ name }) => name), ...(node.wires.length > 0 ? ['wires'] : [])],
    }));
}

const byId = (all: Told[]) => [...all].sort((a, b) => (a.id < b.id ? -1 : 1));
const OPPOSITE = { added: 'removed', removed: 'added', changed: 'changed', moved: 'moved' } as const;

function mirrored(node: NodeChange) {
  return {
    id: node.id,
    change: OPPOSITE[node.change],
    properties: node.properties.map(({ name, before, after }) => ({ name, before: after, after: before })),
    wires: node.wires.map(({ change, from, to }) => `${OPPOSITE[change]} ${from.id} ${to.id}`).sort(),
  };
}

function plain(node: NodeChange) {
  return {
    id: node.id,
    change: node.change,
    properties: node.properties.map(({ name, before, after }) => ({ name, before, after })),
    wires: node.wires.map(({ change, from, to }) => `${change} ${from.id} ${to.id}`).sort(),
  };
}

const ordered = <T extends { id: string; properties: Array<{ name: string }> }>(nodes: T[]) =>
  nodes
    .map((node) => ({ ...node, properties: node.properties.sort((a, b) => (a.name < b.name ? -1 : 1)) }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));

describe('Comparing a flow with an edited copy', () => {
  it('names exactly the edits and nothing else', () => {
    fc.assert(
      fc.property(flows, edits, (before, all) => {
        const { after, told } = applyEdits(before, all);

        assert.deepEqual(byId(toldBy(compareFlows(before, after))), byId(told));
      }),
      { numRuns: 500 },
    );
  });

  it('leaves out what only moved on its flow, when asked to', () => {
    fc.assert(
      fc.property(flows, edits, (before, all) => {
        const { after, told } = applyEdits(before, all);
        const elsewhere = new Set(
          all.flatMap((edit) => (edit.kind === 'move-to-flow' ? [`n${edit.node}`] : [])),
        );

        const expected = told.filter(({ id, change }) => change !== 'moved' || elsewhere.has(id));

        assert.deepEqual(
          byId(toldBy(compareFlows(before, after, { ignorePositions: true }))),
          byId(expected),
        );
      }),
    );
  });

  it('finds nothing when there is none, in whatever order the nodes come', () => {
    fc.assert(
      fc.property(flows, (before) => {
        assert.deepEqual(toldBy(compareFlows(before, structuredClone(before))), []);
        assert.deepEqual(toldBy(compareFlows(before, [...before].reverse())), []);
      }),
    );
  });

  it('tells the opposite the other way round', () => {
    fc.assert(
      fc.property(flows, edits, (before, all) => {
        const { after } = applyEdits(before, all);
        const there = compareFlows(before, after).flows.flatMap(({ nodes }) => nodes.map(mirrored));
        const back = compareFlows(after, before).flows.flatMap(({ nodes }) => nodes.map(plain));

        assert.deepEqual(ordered(back), ordered(there));
      }),
    );
  });

  it('gives lines that make the one text of the other', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('a', 'b', 'c', ''), { minLength: 2, maxLength: 30 }),
        fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 2, maxLength: 30 }),
        (old, now) => {
          const node = { id: 'f', type: 'function', z: 't', x: 1, y: 1 };
          const { flows: changed } = compareFlows(
            [{ ...node, func: old.join('\n') }],
            [{ ...node, func: now.join('\n') }],
          );
          const hunks = changed[0]?.nodes[0]?.properties[0]?.hunks ?? [];

          const patched: string[] = [];
          let at = 0;
          for (const { beforeStart, afterStart, lines } of hunks) {
            patched.push(...old.slice(at, beforeStart - 1));
            assert.equal(patched.length, afterStart - 1);
            patched.push(...lines.filter((line) => !line.startsWith('-')).map((line) => line.slice(1)));
            at = beforeStart - 1 + lines.filter((line) => !line.startsWith('+')).length;
          }
          patched.push(...old.slice(at));

          assert.deepEqual(patched, now);
        },
      ),
    );
  });
});
