import { isAgentRunning } from '../agent-lock.ts';
import { readDeviceFile } from '../device-file.ts';
import { useProxy } from '../network.ts';
import { devicePaths } from '../paths.ts';
import type { Check } from './check.ts';
import { checkMachine } from './machine-checks.ts';
import { checkNetwork } from './network-checks.ts';

export interface DoctorOptions {
  folder: string;
  port: number;
}

/** Looks at everything that a device needs. Changes nothing. */
export async function examine({ folder, port }: DoctorOptions): Promise<Check[]> {
  const machine = await checkMachine(devicePaths(folder, null), port, isAgentRunning(folder));
  const identity = await readDeviceFile(folder).catch(() => null);
  if (identity === null) {
    return machine;
  }
  await useProxy(identity.url);
  return [...machine, ...(await checkNetwork(identity))];
}
