import type { FlowNode } from '@flowyard/protocol';

/** Flows of about `count` nodes, one of which answers `text` at /bench. */
export function flowsOf(count: number, text: string): FlowNode[] {
  const answering: FlowNode[] = [
    { id: 'tab', type: 'tab', label: 'Bench' },
    { id: 'in', type: 'http in', z: 'tab', url: '/bench', method: 'get', wires: [['change']] },
    {
      id: 'change',
      type: 'function',
      z: 'tab',
      func: `msg.payload = ${JSON.stringify(text)};\nreturn msg;`,
      outputs: 1,
      wires: [['out']],
    },
    { id: 'out', type: 'http response', z: 'tab', wires: [] },
  ];
  const others: FlowNode[] = [];
  for (let index = 0; others.length < count - answering.length; index++) {
    others.push({
      id: `node${index}`,
      type: 'change',
      z: 'tab',
      name: `Scale value ${index}`,
      rules: [{ t: 'set', p: 'payload', pt: 'msg', to: String(index), tot: 'num' }],
      x: 100 + (index % 20) * 180,
      y: 100 + Math.floor(index / 20) * 60,
      wires: [[`node${index + 1}`]],
    });
  }
  return [...answering, ...others];
}
