import { rm, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import { FAILED, LAUNCH, PREVIOUS, RESTARTS, TARGET, TRIAL } from '../agent-journal.ts';
import { deviceFile, readDeviceFile } from '../device-file.ts';
import { freeBytes } from '../files/disk.ts';
import { Journal } from '../files/journal.ts';
import type { DevicePaths } from '../paths.ts';
import { linkedReleaseId, readReleaseFile } from '../release/release.ts';
import { bad, type Check, good, warning } from './check.ts';

const OLDEST_NODE = 20;
const MB = 1024 * 1024;
const LITTLE_MB = 500;
const TOO_LITTLE_MB = 100;
const CONNECT_WITHIN_MS = 2000;

/** What the agent needs of the machine, and whether its own files are well. */
export async function checkMachine(paths: DevicePaths, port: number, isRunning: boolean): Promise<Check[]> {
  return [
    checkNode(),
    await checkDeviceFile(paths.folder),
    await checkFolder(paths.folder),
    await checkSpace(paths.folder),
    await checkJournal(paths),
    await checkRelease(paths),
    isRunning
      ? good('agent', 'runs')
      : warning('agent', 'does not run', 'Start it: flowyard-device --dir <folder>, or install-service.'),
    await checkPort(port, isRunning),
  ];
}

function checkNode(): Check {
  const major = Number(process.versions.node.split('.')[0]);
  return major >= OLDEST_NODE
    ? good('Node.js', process.version)
    : bad('Node.js', process.version, `The agent needs Node.js ${OLDEST_NODE} or newer.`);
}

async function checkDeviceFile(folder: string): Promise<Check> {
  const name = 'device.yml';
  try {
    const { id } = await readDeviceFile(folder);
    const { mode } = await stat(deviceFile(folder));
    return process.platform !== 'win32' && (mode & 0o077) !== 0
      ? warning(name, `others on this machine can read it`, `chmod 600 ${deviceFile(folder)}`)
      : good(name, `device ${id}`);
  } catch (error) {
    return bad(name, (error as Error).message, 'Join a team: flowyard-device register --url <address>');
  }
}

async function checkFolder(folder: string): Promise<Check> {
  const probe = path.join(folder, '.flowyard-probe');
  try {
    await writeFile(probe, 'x');
    await rm(probe);
    return good('folder', `${folder} can be written to`);
  } catch (error) {
    return bad(
      'folder',
      (error as Error).message,
      'Look at the rights of the folder, and whether the disk is read-only.',
    );
  }
}

async function checkSpace(folder: string): Promise<Check> {
  const free = await freeBytes(folder);
  const megabytes = free === null ? null : Math.floor(free / MB);
  const found = megabytes === null ? 'free space is not known' : `${megabytes} MB free`;
  const advice = 'Free some space: an update needs room for its modules beside what runs.';
  if (megabytes === null || megabytes >= LITTLE_MB) {
    return good('disk', found);
  }
  return megabytes < TOO_LITTLE_MB ? bad('disk', found, advice) : warning('disk', found, advice);
}

async function checkJournal(paths: DevicePaths): Promise<Check> {
  const damaged: string[] = [];
  const journal = new Journal(paths.journal, (name) => damaged.push(name));
  for (const entry of [TARGET, TRIAL, FAILED, LAUNCH, PREVIOUS, RESTARTS]) {
    await journal.read<unknown>(entry);
  }
  return damaged.length === 0
    ? good('journal', 'whole')
    : warning(
        'journal',
        `${damaged.join(', ')} damaged; the copies before are used`,
        'The agent heals this by itself. Look at the disk when it happens again.',
      );
}

async function checkRelease(paths: DevicePaths): Promise<Check> {
  const id = await linkedReleaseId(paths.current);
  if (id === null) {
    return warning('release', 'none yet', 'Give the device a target on its page.');
  }
  const release = await readReleaseFile(path.join(paths.releases, id));
  return release === null
    ? bad('release', `${id} is damaged`, 'The agent fetches it again when the control plane can be reached.')
    : good('release', `snapshot “${release.snapshot.name}”`);
}

function checkPort(port: number, isRunning: boolean): Promise<Check> {
  const socket = connect({ port, host: '127.0.0.1' });
  return new Promise((resolve) => {
    const settle = (check: Check) => {
      socket.destroy();
      resolve(check);
    };
    socket.setTimeout(CONNECT_WITHIN_MS, () => settle(good('port', `${port} is free`)));
    socket.on('error', () =>
      settle(good('port', isRunning ? `${port}: nothing answers now` : `${port} is free`)),
    );
    socket.on('connect', () =>
      settle(
        isRunning
          ? good('port', `${port} answers`)
          : bad(
              'port',
              `${port} is used by another program`,
              'End that program, or give the agent another --port.',
            ),
      ),
    );
  });
}
