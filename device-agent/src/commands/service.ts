import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { isRegistered } from '../device-file.ts';
import { serviceUnit } from './service-unit.ts';

const run = promisify(execFile);
const UNIT = 'flowyard-device.service';
const SYSTEM_FOLDER = '/etc/systemd/system';
/** What the agent may need of the environment in which it is installed. */
const PASSED_ON = /^(?:NODE_EXTRA_CA_CERTS|(?:HTTPS?|ALL|NO)_PROXY|npm_config_registry)$/i;

export interface InstallOptions {
  folder: string;
  args: readonly string[];
  user: string | null;
  /** Print the unit instead of installing it. */
  print: boolean;
  environment: NodeJS.ProcessEnv;
}

/** The service could not be installed or removed; the message says what to do. */
export class ServiceError extends Error {
  override name = 'ServiceError';
}

/** Has systemd run the agent from now on, also after a reboot. @returns what was done, for people */
export async function installService(options: InstallOptions): Promise<string> {
  const environment = Object.fromEntries(
    Object.entries(options.environment).filter(
      (entry): entry is [string, string] => PASSED_ON.test(entry[0]) && entry[1] !== undefined,
    ),
  );
  const unit = serviceUnit({
    nodePath: process.execPath,
    program: path.resolve(process.argv[1] ?? 'flowyard-device'),
    folder: options.folder,
    args: options.args,
    user: options.user ?? os.userInfo().username,
    environment,
  });
  if (options.print) {
    return unit;
  }
  refuseWithoutSystemd();
  if (!(await isRegistered(options.folder))) {
    throw new ServiceError(
      `${options.folder} is not registered. Join a team first: flowyard-device register --url <address> --dir ${options.folder}`,
    );
  }
  const file = path.join(SYSTEM_FOLDER, UNIT);
  try {
    // Proxies can have passwords in their addresses.
    await writeFile(file, unit, { mode: 0o600 });
    await run('systemctl', ['daemon-reload']);
    await run('systemctl', ['enable', '--now', UNIT]);
  } catch (error) {
    throw new ServiceError(`The service could not be installed: ${wordsOf(error)} Run this as root.`);
  }
  return `Installed and started: systemctl status ${UNIT} says how it is. Its unit is ${file}.`;
}

/** Ends the service. The folder of the device stays, with all that its flows wrote. */
export async function uninstallService(folder: string): Promise<string> {
  refuseWithoutSystemd();
  const file = path.join(SYSTEM_FOLDER, UNIT);
  if (!existsSync(file)) {
    throw new ServiceError(`There is no ${file}: the agent is not installed as a service here.`);
  }
  try {
    await run('systemctl', ['disable', '--now', UNIT]);
    await rm(file);
    await run('systemctl', ['daemon-reload']);
  } catch (error) {
    throw new ServiceError(`The service could not be removed: ${wordsOf(error)} Run this as root.`);
  }
  return `Ended and removed. ${path.resolve(folder)} stays, with the credentials of the device and all that its flows wrote: delete it when nothing of it is needed.`;
}

function refuseWithoutSystemd(): void {
  if (!existsSync('/run/systemd/system')) {
    throw new ServiceError(
      'There is no systemd on this machine. Print the unit with --print, or have your service manager run flowyard-device --dir <folder>.',
    );
  }
}

function wordsOf(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message: string };
  return (stderr?.trim() || message).split('\n')[0] ?? message;
}
