import { compareFlows, type FlowNode } from '@flowyard/protocol';
import type { BenchOptions } from '../options.ts';
import { measuredRow, type Row } from '../rows.ts';
import { flowsOf } from '../support/flows.ts';

const NODES = 5_000;
const MOST_MS = 100;
const CODE_LINES = 40;

/** Flows of which every tenth node is a function of forty lines. */
function flowsWithCode(): FlowNode[] {
  return flowsOf(NODES, 'compare').map((node, index) =>
    index % 10 === 5 ? { ...node, type: 'function', func: codeOf(index) } : node,
  );
}

function codeOf(index: number): string {
  return Array.from(
    { length: CODE_LINES },
    (_line, line) => `const value${line} = msg.payload[${line}] * ${index};`,
  ).join('\n');
}

/** Every `each`th node has another name, and a function another line in its middle. */
function edited(flows: FlowNode[], each: number): FlowNode[] {
  return flows.map((node, index) =>
    index % each !== 5 % each
      ? node
      : {
          ...node,
          name: `Edited ${index}`,
          ...(typeof node.func === 'string' ? { func: node.func.replace('value20 =', 'edited =') } : {}),
        },
  );
}

/** Row S4: what comparing two flows of 5,000 nodes takes, as the server and the page do it. */
export function benchCompare({ quick, say }: BenchOptions): Promise<Row[]> {
  const flows = flowsWithCode();
  const variants: Array<[string, number]> = [
    ['one node in a hundred edited', 100],
    ['every node edited', 1],
  ];
  return Promise.resolve(
    variants.map(([variant, each]) => {
      say(`compare: ${variant}`);
      const other = structuredClone(edited(flows, each));
      const times: number[] = [];
      for (let round = 0; round < (quick ? 5 : 30); round++) {
        const begin = performance.now();
        compareFlows(flows, other);
        times.push(performance.now() - begin);
      }
      const head = { row: 'S4', what: `compare two flows of ${NODES} nodes`, variant, unit: 'ms' };
      return measuredRow(head, times, { against: MOST_MS, text: `≤ ${MOST_MS} ms`, ratio: 1 });
    }),
  );
}
