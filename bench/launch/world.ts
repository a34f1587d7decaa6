import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readLockOwner } from '@flowyard/launcher';
import type { InstanceView } from '@flowyard/protocol';
import { buildApplication, uniqueName } from '../../test/support/builders.ts';
import { ControlPlaneProcess } from '../../test/support/control-plane-process.ts';
import { untilAnswers } from '../support/until-answers.ts';

/** Of FlowFuse 2.4.0 on a machine like the ones the goals were set on; for orientation, not from this run. */
export const PEER = { createMs: 1064, startMs: 1645, memoryMb: 174 };
export const MIB = 1024 * 1024;
/** The pool refills itself in the background within this time. */
export const REFILL_MS = 4000;

/** A control plane with an application to make instances in. */
export interface World {
  cp: ControlPlaneProcess;
  applicationId: string;
}

/** Starts a control plane with a pool of that size. */
export async function createWorld(pool: number): Promise<World> {
  const cp = new ControlPlaneProcess({ FLOWYARD_POOL: String(pool) });
  await cp.start();
  const { applicationId } = await buildApplication(cp);
  return { cp, applicationId };
}

/** Makes an instance; the milliseconds are those until its editor answers. */
export async function create(
  { cp, applicationId }: World,
  stackId?: string,
): Promise<{ instance: InstanceView; ms: number }> {
  const begin = performance.now();
  const instance = await cp.admin.call('createInstance', {
    params: { id: applicationId },
    body: { name: uniqueName('bench'), ...(stackId && { stackId }) },
  });
  await untilAnswers(instance.url, '/');
  return { instance, ms: performance.now() - begin };
}

/** Deletes an instance with its process. */
export async function remove({ cp }: World, id: string): Promise<void> {
  await cp.admin.call('deleteInstance', { params: { id } });
}

/** The Node-REDs that run on the instances' folders. */
export function pidsOf(dataDir: string): number[] {
  const root = join(dataDir, 'instances');
  return readdirSync(root)
    .map((folder) => readLockOwner(join(root, folder))?.pid)
    .filter((pid) => pid !== undefined);
}
