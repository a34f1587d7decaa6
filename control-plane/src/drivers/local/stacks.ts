import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { isRunning, type ProcessIdentity, readProcessStart, signalGroup } from '@flowyard/launcher';
import { packageFolder } from '../../package-folder.ts';
import type { StackLocation } from '../driver.ts';
import { downloadStack } from './download-stack.ts';
import { hasVersion } from './npm.ts';
import { testStack } from './test-stack.ts';

/** A version of Node-RED, with the Node.js that runs it; null takes the one that runs the control plane. */
export interface StackSpec {
  id: string;
  nodeRed: string;
  nodeJs: string | null;
}

export interface InstallProgress {
  step: string;
  /** 0 to 1. */
  progress: number;
}

export interface StackInstaller {
  /** Where a stack is; null when it is not installed. */
  locate(stack: StackSpec): StackLocation | null;
  /** Installs and tries a stack. When it fails or is aborted, nothing of it is left. */
  install(
    stack: StackSpec,
    options: { onProgress: (progress: InstallProgress) => void; signal: AbortSignal },
  ): Promise<StackLocation>;
  /** Removes the files of a stack; not of the one that came with the control plane. */
  remove(stack: StackSpec): Promise<void>;
  /** What npm does not have of it, for people; null when it has all or cannot be asked. */
  findMissing(
    versions: Omit<StackSpec, 'id'>,
  ): Promise<{ field: 'nodeRed' | 'nodeJs'; package: string } | null>;
}

const INSTALLING = '.installing-';
const REMOVING = '.removing-';
const MARKER = 'stack.json';
/** Names the process of npm that fills a folder, for the case that we are killed before it ends. */
const NPM_PROCESS = 'npm-process.json';
const CONTROL_PLANE_DIR = packageFolder('@flowyard/control-plane');

/** The version of Node-RED that was installed together with the control plane. */
export function readBundledNodeRedVersion(): string {
  return createRequire(import.meta.url)('node-red/package.json').version;
}

/** Stacks below `<data>/stacks`, and the one that came with the control plane. */
export function createStackInstaller(dataDir: string): StackInstaller {
  const root = join(dataDir, 'stacks');
  mkdirSync(root, { recursive: true });
  const leftovers = readdirSync(root).filter(
    (name) => name.startsWith(INSTALLING) || name.startsWith(REMOVING),
  );
  const swept = Promise.all(leftovers.map((name) => clear(join(root, name))));
  swept.catch(() => {
    // They only take space; the next start tries again.
  });
  const bundledVersion = readBundledNodeRedVersion();

  const locate = (stack: StackSpec): StackLocation | null => {
    if (stack.nodeJs === null && stack.nodeRed === bundledVersion) {
      return { id: stack.id, folder: CONTROL_PLANE_DIR, nodePath: process.execPath };
    }
    const folder = join(root, stack.id);
    return isInstalled(folder, stack) ? locationOf(stack, folder) : null;
  };

  return {
    locate,
    install: async (stack, { onProgress, signal }) => {
      const present = locate(stack);
      if (present) {
        return present;
      }
      const temporary = join(root, `${INSTALLING}${stack.id}-${randomBytes(4).toString('hex')}`);
      try {
        await mkdir(temporary, { recursive: true });
        await downloadStack({
          folder: temporary,
          packages: packagesOf(stack),
          onProgress,
          signal,
          onSpawn: (pid) => rememberNpm(temporary, pid),
        });
        onProgress({ step: 'Starting it once to see that it works', progress: 0.9 });
        await testStack(locationOf(stack, temporary), signal);
        await writeFile(join(temporary, MARKER), JSON.stringify(stack));
        signal.throwIfAborted();
        const folder = join(root, stack.id);
        await rm(folder, { recursive: true, force: true });
        await rename(temporary, folder);
        onProgress({ step: 'Installed', progress: 1 });
        return locationOf(stack, folder);
      } finally {
        await rm(temporary, { recursive: true, force: true });
      }
    },
    remove: async (stack) => {
      const folder = join(root, stack.id);
      if (existsSync(folder)) {
        // Renamed first: half of a stack must never be found.
        const doomed = join(root, `${REMOVING}${stack.id}-${randomBytes(4).toString('hex')}`);
        await rename(folder, doomed);
        await rm(doomed, { recursive: true, force: true });
      }
    },
    findMissing: async ({ nodeRed, nodeJs }) => {
      const [hasNodeRed, hasNodeJs] = await Promise.all([
        hasVersion('node-red', nodeRed),
        nodeJs === null ? null : hasVersion(nodePackage(), nodeJs),
      ]);
      if (hasNodeRed === false) {
        return { field: 'nodeRed', package: `node-red@${nodeRed}` };
      }
      return hasNodeJs === false ? { field: 'nodeJs', package: `${nodePackage()}@${nodeJs}` } : null;
    },
  };
}

function rememberNpm(folder: string, pid: number): void {
  writeFileSync(join(folder, NPM_PROCESS), JSON.stringify({ pid, start: readProcessStart(pid) }));
}

/** What an earlier life left: npm may still be filling it. */
async function clear(folder: string): Promise<void> {
  try {
    const npm: ProcessIdentity = JSON.parse(readFileSync(join(folder, NPM_PROCESS), 'utf8'));
    if (isRunning(npm)) {
      signalGroup(npm, 'SIGKILL');
    }
  } catch {
    // There was none, or it never began.
  }
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

function isInstalled(folder: string, stack: StackSpec): boolean {
  try {
    const marker = JSON.parse(readFileSync(join(folder, MARKER), 'utf8'));
    return (
      marker.nodeRed === stack.nodeRed &&
      marker.nodeJs === stack.nodeJs &&
      existsSync(nodePathOf(stack, folder))
    );
  } catch {
    return false;
  }
}

function locationOf(stack: StackSpec, folder: string): StackLocation {
  return { id: stack.id, folder, nodePath: nodePathOf(stack, folder) };
}

function nodePathOf(stack: StackSpec, folder: string): string {
  if (stack.nodeJs === null) {
    return process.execPath;
  }
  const bin = process.platform === 'win32' ? 'node.exe' : 'node';
  return join(folder, 'node_modules', nodePackage(), 'bin', bin);
}

/** Node.js as npm packages, one for each platform. Unlike the package `node` they need no install script. */
function nodePackage(): string {
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  return `node-${platform}-${process.arch}`;
}

function packagesOf({ nodeRed, nodeJs }: StackSpec): string[] {
  const packages = [`node-red@${nodeRed}`];
  return nodeJs === null ? packages : [...packages, `${nodePackage()}@${nodeJs}`];
}
