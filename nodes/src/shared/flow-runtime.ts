import type { FlowRuntime } from '@flowyard/protocol';

/** What runs this Node-RED, as far as flows may talk to it; null outside Flowyard. */
export function findFlowRuntime(): FlowRuntime | null {
  const found = (globalThis as Record<symbol, unknown>)[Symbol.for('flowyard.runtime')];
  const runtime = found as Partial<FlowRuntime> | undefined;
  return runtime?.version === 1 ? (runtime as FlowRuntime) : null;
}
