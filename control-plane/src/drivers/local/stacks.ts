import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { StackLocation } from '../driver.ts';
import { downloadStack } from './download-stack.ts';
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
}

const INSTALLING = '.installing-';
const MARKER = 'stack.json';
/** Relative to this file in `src` and in `dist` alike. */
const CONTROL_PLANE_DIR = join(import.meta.dirname, '..', '..', '..');

/** The version of Node-RED that was installed together with the control plane. */
export function readBundledNodeRedVersion(): string {
  return createRequire(import.meta.url)('node-red/package.json').version;
}

/** Stacks below `<data>/stacks`, and the one that came with the control plane. */
export function createStackInstaller(dataDir: string): StackInstaller {
  const root = join(dataDir, 'stacks');
  mkdirSync(root, { recursive: true });
  const leftovers = readdirSync(root).filter((name) => name.startsWith(INSTALLING));
  const swept = Promise.all(leftovers.map((name) => rm(join(root, name), { recursive: true, force: true })));
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
        await downloadStack({ folder: temporary, packages: packagesOf(stack), onProgress, signal });
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
  };
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
