import type { FlowNode } from '@flowyard/protocol';
import { answeringFlow } from './builders.ts';

const HOME = { z: 'tab1', x: 100, y: 100 };

/** A route that hands its query on as a message: `say=well`, `reason=…`; and answers when that went through. */
function saying(route: string, gate: Partial<FlowNode> & { type: string }): FlowNode[] {
  const id = route.slice(1);
  const func = 'msg.payload = msg.req.query.say; msg.reason = msg.req.query.reason; return msg;';
  return [
    { ...HOME, id: `${id}-in`, type: 'http in', url: route, method: 'get', wires: [[`${id}-read`]] },
    { ...HOME, id: `${id}-read`, type: 'function', func, outputs: 1, libs: [], wires: [[`${id}-gate`]] },
    { ...HOME, id: `${id}-gate`, ...gate, wires: [[`${id}-out`]] },
    { ...HOME, id: `${id}-out`, type: 'http response', wires: [] },
  ];
}

/** Flows that answer with a text at `/hello`, and say how they are by `/health`, and hold updates by `/lock`. */
export function gatedFlows(
  text: string,
  options: { proofSeconds?: number; longestMinutes?: number } = {},
): FlowNode[] {
  const { proofSeconds = '', longestMinutes = 60 } = options;
  return [
    ...answeringFlow(text, '/hello'),
    ...saying('/health', { type: 'flowyard-health', proofSeconds }),
    ...saying('/lock', { type: 'flowyard-update-lock', longestMinutes }),
  ];
}

/** Flows that say by themselves, right after their start, how they are. */
export function sayingFlows(text: string, payload: boolean, reason: string): FlowNode[] {
  return [
    ...gatedFlows(text),
    {
      ...{ ...HOME, id: 'inject', type: 'inject', once: true, onceDelay: 0.1, repeat: '', crontab: '' },
      props: [
        { p: 'payload', v: String(payload), vt: 'bool' },
        { p: 'reason', v: reason, vt: 'str' },
      ],
      wires: [['health-gate']],
    },
  ];
}
