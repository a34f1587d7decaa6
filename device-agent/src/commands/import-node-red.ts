import os from 'node:os';
import { importMachine } from '@flowyard/protocol';
import { readDeviceFile } from '../device-file.ts';
import { HttpError, requestJson } from '../http-client.ts';
import { useProxy } from '../network.ts';
import { type FoundNodeRed, findNodeRed } from './find-node-red.ts';

/** There is nothing to take over, or it was refused; the message says what to do. */
export class ImportError extends Error {
  override name = 'ImportError';
}

/** Sends the Node-RED of a folder as a snapshot of the device. @returns what happened, for people */
export async function importNodeRed(deviceFolder: string, from: string): Promise<string> {
  const identity = await readDeviceFile(deviceFolder);
  await useProxy(identity.url);
  const found = await findNodeRed(from);
  if (found === null) {
    throw new ImportError(
      `There is no Node-RED in ${from}: it has no file with flows. Name its user directory.`,
    );
  }
  const body = { name: `Node-RED of ${os.hostname()}`.slice(0, 120), ...found };
  const answer = await requestJson(`${identity.url}/api/v1/agent/import`, {
    method: 'POST',
    token: identity.token,
    body,
    timeoutMs: 120_000,
  }).catch((error: unknown) => {
    const why = error instanceof HttpError ? error.message : `${identity.url} cannot be reached.`;
    throw new ImportError(`The control plane did not take over the Node-RED of ${from}: ${why}`);
  });
  const { isTarget } = importMachine.response.parse(answer);
  return describe(found, from, isTarget);
}

function describe({ flows, modules }: FoundNodeRed, from: string, isTarget: boolean): string {
  const taken = `Took over ${flows.length} nodes and ${Object.keys(modules).length} modules from ${from} as a snapshot.`;
  return isTarget
    ? `${taken} It is the target of this device: stop the old Node-RED, then run the agent.`
    : `${taken} The device has a target already and keeps it.`;
}
