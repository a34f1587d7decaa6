import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parse, stringify } from 'yaml';
import { writeFileAtomically } from './files/atomic-file.ts';

/** Who this device is, as `device.yml` keeps it. */
export interface DeviceIdentity {
  url: string;
  id: string;
  /** Proves who it is. */
  token: string;
  /** Encrypts the flow credentials on it. */
  secret: string;
}

/** The folder has no usable `device.yml`; the message says what to do. */
export class DeviceFileError extends Error {
  override name = 'DeviceFileError';
}

const FIELDS = ['url', 'id', 'token', 'secret'] as const;

export function deviceFile(folder: string): string {
  return path.join(folder, 'device.yml');
}

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && ['http:', 'https:'].includes(new URL(text).protocol);
}

function check(content: unknown, file: string): DeviceIdentity {
  const fields = typeof content === 'object' && content !== null ? (content as Record<string, unknown>) : {};
  for (const field of FIELDS) {
    if (typeof fields[field] !== 'string' || fields[field] === '') {
      throw new DeviceFileError(
        `${file} lacks "${field}". Register the device again, or download its file again.`,
      );
    }
  }
  const identity = fields as unknown as DeviceIdentity;
  if (!isHttpUrl(identity.url)) {
    throw new DeviceFileError(`${file}: "url" is not an http or https address.`);
  }
  return {
    url: identity.url.replace(/\/+$/, ''),
    id: identity.id,
    token: identity.token,
    secret: identity.secret,
  };
}

/** Whether the folder already belongs to a device. */
export async function isRegistered(folder: string): Promise<boolean> {
  return readFile(deviceFile(folder)).then(
    () => true,
    () => false,
  );
}

export async function readDeviceFile(folder: string): Promise<DeviceIdentity> {
  const file = deviceFile(folder);
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new DeviceFileError(
      error.code === 'ENOENT'
        ? `There is no ${file}. Join a team first: flowyard-device register --url <address> --token <provisioning token> --dir ${folder}`
        : `${file} cannot be read: ${error.message}`,
    );
  });
  let content: unknown;
  try {
    content = parse(text);
  } catch (error) {
    throw new DeviceFileError(`${file} is not YAML: ${(error as Error).message.split('\n')[0]}`);
  }
  return check(content, file);
}

export async function writeDeviceFile(folder: string, identity: DeviceIdentity): Promise<void> {
  await writeFileAtomically(deviceFile(folder), stringify(identity), { mode: 0o600 });
}
