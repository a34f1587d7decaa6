import { benchAgent } from './device/agent.ts';
import { benchFailingRollout } from './device/failing-rollout.ts';
import { benchFirstSnapshot } from './device/first-snapshot.ts';
import { benchFleet } from './device/fleet.ts';
import { benchFlowsOnly } from './device/flows-only.ts';
import { benchGroupDeployment } from './device/group-deployment.ts';
import { benchReturn } from './device/return.ts';
import type { BenchOptions } from './options.ts';
import type { Row } from './rows.ts';

/** How quickly one device takes up what it should be, how it returns from what is bad, and what its agent costs. */
export async function runDevice(options: BenchOptions): Promise<Row[]> {
  return [
    ...(await benchFlowsOnly(options)),
    ...(await benchFirstSnapshot(options)),
    ...(await benchReturn(options)),
    ...(await benchAgent(options)),
  ];
}

/** What many devices that are connected cost the control plane, how quickly all of them hear, and a push to all of them. */
export async function runRollout(options: BenchOptions): Promise<Row[]> {
  return [
    ...(await benchFleet(options)),
    ...(await benchGroupDeployment(options)),
    ...(await benchFailingRollout(options)),
  ];
}
