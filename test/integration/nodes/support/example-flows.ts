import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FlowNode } from '@flowyard/protocol';

export const EXAMPLES = join(import.meta.dirname, '../../../../nodes/examples');

interface InjectNode extends FlowNode {
  name: string;
  payload?: string;
  payloadType?: string;
}

export function readExample(name: string): FlowNode[] {
  return JSON.parse(readFileSync(join(EXAMPLES, `${name}.json`), 'utf8')) as FlowNode[];
}

/** A function that keeps what would be shown in the sidebar. */
function keeping(node: FlowNode): FlowNode {
  return {
    ...node,
    type: 'function',
    func: `const seen = global.get('seen') ?? [];
const { payload, error, link } = msg;
seen.push({ by: ${JSON.stringify(node.name)}, payload, error: error && error.message, link });
global.set('seen', seen);`,
    outputs: 0,
    libs: [],
    wires: [],
  };
}

/** Does what the button of an inject node does, when its route is asked for. */
function buttonOf(inject: InjectNode): FlowNode[] {
  const place = { z: inject.z, x: 40, y: 40 };
  const payload = inject.payloadType === 'json' ? inject.payload : 'Date.now()';
  return [
    {
      ...{ ...place, id: `${inject.id}-in`, type: 'http in', method: 'get' },
      ...{ url: `/press/${inject.id}`, wires: [[`${inject.id}-fn`]] },
    },
    {
      ...{ ...place, id: `${inject.id}-fn`, type: 'function', outputs: 2, libs: [] },
      func: `return [{ payload: ${payload}, label: 'pressed' }, { ...msg, payload: 'pressed' }];`,
      wires: [(inject.wires as string[][])[0], [`${inject.id}-out`]],
    },
    { ...place, id: `${inject.id}-out`, type: 'http response', wires: [] },
  ] as FlowNode[];
}

/**
 * The flows of an example, as they are but for this: what its debug nodes get is told at `/seen`, and its inject nodes
 * are pressed at `/press/ID` and at no other time.
 */
export function watched(flows: readonly FlowNode[]): FlowNode[] {
  const injects = flows.filter(({ type }) => type === 'inject') as InjectNode[];
  const tab = flows.find(({ type }) => type === 'tab')?.id;
  const place = { z: tab, x: 40, y: 40 };
  return [
    ...flows.map((node) => {
      if (node.type === 'debug') {
        return keeping(node);
      }
      return node.type === 'inject' ? { ...node, repeat: '', crontab: '', once: false } : node;
    }),
    ...injects.flatMap(buttonOf),
    ...([
      { ...place, id: 'seen-in', type: 'http in', url: '/seen', method: 'get', wires: [['seen-fn']] },
      {
        ...{ ...place, id: 'seen-fn', type: 'function', outputs: 1, libs: [], wires: [['seen-out']] },
        func: "msg.payload = global.get('seen') ?? []; return msg;",
      },
      { ...place, id: 'seen-out', type: 'http response', wires: [] },
    ] as unknown as FlowNode[]),
  ];
}

/** The inject node of that name. */
export function buttonPath(flows: readonly FlowNode[], name: string): string {
  const inject = flows.find((node) => node.type === 'inject' && node.name === name);
  if (inject === undefined) {
    throw new Error(`There is no inject node “${name}”.`);
  }
  return `/press/${inject.id}`;
}
