import type { FlowsStore, RuntimeHost } from '@flowyard/protocol';
import { HostedFlows } from './hosted-flows.ts';

/** Flows that live in the control plane. Loaded by the launcher's child. */
export function createFlowsStore(host: RuntimeHost): FlowsStore {
  return new HostedFlows(host);
}
