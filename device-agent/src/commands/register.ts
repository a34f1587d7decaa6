import { mkdir } from 'node:fs/promises';
import os from 'node:os';
import { DeviceCredentials } from '@flowyard/protocol';
import { deviceFile, isRegistered, writeDeviceFile } from '../device-file.ts';
import { HttpError, requestJson } from '../http-client.ts';
import { AGENT_VERSION } from '../version.ts';

export interface RegisterOptions {
  url: string;
  token: string;
  name: string | null;
  type: string | null;
  folder: string;
  force: boolean;
}

/** Registration failed; the message says what to do. */
export class RegistrationError extends Error {
  override name = 'RegistrationError';
}

const UNREACHABLE_CODES: Record<string, string> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'there is no host of that name',
  EAI_AGAIN: 'the name cannot be looked up now',
  ETIMEDOUT: 'it does not answer',
  EHOSTUNREACH: 'there is no way to that host',
  ECONNRESET: 'the connection was cut',
  CERT_HAS_EXPIRED: 'its certificate has expired (is the clock of this device right?)',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed; name it in NODE_EXTRA_CA_CERTS',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate authority is not known here; name it in NODE_EXTRA_CA_CERTS',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'its certificate authority is not known here; name it in NODE_EXTRA_CA_CERTS',
};

function explain(error: unknown, url: string): string {
  if (error instanceof HttpError) {
    switch (error.status) {
      case 401:
        return `The provisioning token is not valid: ${error.message} Make a new one on the team's page.`;
      case 404:
        return `${url} answers, but it is not a Flowyard control plane. Check the address.`;
      default:
        return `The control plane refused: ${error.message}`;
    }
  }
  const { code, name, message } = error as NodeJS.ErrnoException;
  const reason =
    name === 'AbortError' || name === 'TimeoutError'
      ? 'it does not answer'
      : (UNREACHABLE_CODES[code ?? ''] ?? message);
  return `${url} cannot be reached: ${reason}.`;
}

/** Joins a team with a provisioning token and writes `device.yml`. */
export async function register(options: RegisterOptions): Promise<string> {
  const url = options.url.replace(/\/+$/, '');
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new RegistrationError(`--url must be an http or https address, not "${options.url}".`);
  }
  if (!options.force && (await isRegistered(options.folder))) {
    throw new RegistrationError(
      `${deviceFile(options.folder)} exists: this folder already belongs to a device. Use another --dir, or --force to join again as a new device.`,
    );
  }
  const answer = await requestJson(`${url}/api/v1/agent/register`, {
    method: 'POST',
    token: options.token,
    body: {
      name: options.name ?? os.hostname(),
      ...(options.type === null ? {} : { type: options.type }),
      agentVersion: AGENT_VERSION,
    },
  }).catch((error: unknown) => {
    throw new RegistrationError(explain(error, url));
  });
  const credentials = DeviceCredentials.safeParse(answer);
  if (!credentials.success) {
    throw new RegistrationError(`${url} answers, but not as a Flowyard control plane. Check the address.`);
  }
  await mkdir(options.folder, { recursive: true });
  const { deviceId, token, secret } = credentials.data;
  // The address that worked from here is kept: the public one may not be reachable on a plant network.
  await writeDeviceFile(options.folder, { url, id: deviceId, token, secret });
  return deviceId;
}
