import { z } from 'zod';

/** One node of a flow file. Node-RED's own nodes and third parties add any fields they like. */
export const FlowNode = z.looseObject({
  id: z.string().min(1).max(128),
  type: z.string().min(1).max(256),
});
export type FlowNode = z.infer<typeof FlowNode>;

/** A flow file: all tabs, subflows, groups, config nodes and nodes in one array. */
export const Flows = z.array(FlowNode, 'must be an array of nodes, as in a flows.json').max(200_000);
export type Flows = z.infer<typeof Flows>;

/**
 * Credentials as Node-RED keeps them: either encrypted (`{"$": "…"}`) or by node id.
 * Source of the format: Node-RED's runtime/lib/nodes/credentials.js.
 */
export const FlowCredentials = z.record(z.string(), z.unknown());
export type FlowCredentials = z.infer<typeof FlowCredentials>;

/** How many tabs and nodes a flow file has, for people to recognise it by. */
export function summariseFlows(flows: readonly FlowNode[]): { flows: number; nodes: number } {
  const tabs = flows.filter((node) => node.type === 'tab').length;
  return { flows: tabs, nodes: flows.length - tabs };
}
