import { randomUUID } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { DeviceCredentials } from '@flowyard/protocol';
import { deviceFile, isRegistered, writeDeviceFile } from '../device-file.ts';
import { HttpError, requestJson } from '../http-client.ts';
import { useProxy } from '../network.ts';
import { AGENT_VERSION } from '../version.ts';
import { askPerson } from './ask-person.ts';
import { explainFailure } from './explain-failure.ts';
import { RegistrationError } from './registration-error.ts';

export interface RegisterOptions {
  url: string;
  token: string | null;
  code: string | null;
  name: string | null;
  type: string | null;
  folder: string;
  force: boolean;
}

/** Joins a team and writes `device.yml`. @returns the id of the device */
export async function register(options: RegisterOptions, say: (text: string) => void): Promise<string> {
  const url = options.url.replace(/\/+$/, '');
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new RegistrationError(`--url must be an http or https address, not "${options.url}".`);
  }
  if (!options.force && (await isRegistered(options.folder))) {
    throw new RegistrationError(
      `${deviceFile(options.folder)} exists: this folder already belongs to a device. Use another --dir, or --force to join again as a new device.`,
    );
  }
  await checkWritable(options.folder);
  await useProxy(url);
  const answer = await obtain(url, options, say).catch((error: unknown) => {
    throw error instanceof RegistrationError ? error : new RegistrationError(explainFailure(error, url));
  });
  const credentials = DeviceCredentials.safeParse(answer);
  if (!credentials.success) {
    throw new RegistrationError(`${url} answers, but not as a Flowyard control plane. Check the address.`);
  }
  const { deviceId, token, secret } = credentials.data;
  // The address that worked from here is kept: the public one may not be reachable on a plant network.
  await writeDeviceFile(options.folder, { url, id: deviceId, token, secret });
  return deviceId;
}

/** Before a token or code is used, since what it gives must be written down. */
async function checkWritable(folder: string): Promise<void> {
  const probe = path.join(folder, '.flowyard-probe');
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(probe, '');
    await rm(probe);
  } catch (error) {
    throw new RegistrationError(
      `${folder} cannot be written to (${(error as Error).message}). Use another --dir, or another user.`,
    );
  }
}

function obtain(url: string, options: RegisterOptions, say: (text: string) => void): Promise<unknown> {
  const { name, type, token, code } = options;
  const machine = {
    name: name ?? os.hostname(),
    ...(type === null ? {} : { type }),
    agentVersion: AGENT_VERSION,
  };
  if (code !== null) {
    const body = { code, agentVersion: AGENT_VERSION, attempt: randomUUID() };
    return withRetry(() => requestJson(`${url}/api/v1/agent/join`, { method: 'POST', token: null, body }));
  }
  if (token !== null) {
    return requestJson(`${url}/api/v1/agent/register`, { method: 'POST', token, body: machine });
  }
  return askPerson(url, { ...machine, platform: `${process.platform} ${process.arch}` }, say);
}

/** An answer that was lost on the way is asked for once more: the code is good for the same attempt. */
async function withRetry<T>(request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    if (error instanceof HttpError) {
      throw error;
    }
    return request();
  }
}
