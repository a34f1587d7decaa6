import { existsSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runNpm } from './npm.ts';
import type { InstallProgress } from './stacks.ts';

interface Download {
  folder: string;
  packages: string[];
  onProgress: (progress: InstallProgress) => void;
  signal: AbortSignal;
  /** Hears of the process of npm, which may outlive us. */
  onSpawn: (pid: number) => void;
}

const LOOK_MS = 1000;
/** Packages of a Node-RED, more or less: npm does not tell how far it is. */
const EXPECTED_PACKAGES = 280;
/** The part of the whole that is over when npm knows what to download, and when everything is in place. */
const LOOKED_UP = 0.4;
const UNPACKED = 0.85;

/** Installs the packages of a stack into an empty folder, with an estimate of how far it is. */
export async function downloadStack({
  folder,
  packages,
  onProgress,
  signal,
  onSpawn,
}: Download): Promise<void> {
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'stack', private: true }));
  const wanted = packages[0] ?? 'it';
  let lookedUp = 0;
  const report = async () => {
    const { all, unpacked } = await countPackages(join(folder, 'node_modules'));
    if (!signal.aborted && running) {
      onProgress(progressOf(wanted, lookedUp, all, unpacked));
    }
  };
  let running = true;
  onProgress(progressOf(wanted, 0, 0, 0));
  const looking = setInterval(() => void report(), LOOK_MS);
  try {
    const onLookUp = (count: number) => {
      lookedUp = count;
    };
    await runNpm(['install', '--ignore-scripts', ...packages], folder, signal, onLookUp, onSpawn);
  } finally {
    running = false;
    clearInterval(looking);
  }
}

function progressOf(wanted: string, lookedUp: number, all: number, unpacked: number): InstallProgress {
  if (all === 0) {
    const share = Math.min(1, lookedUp / EXPECTED_PACKAGES);
    return {
      step: `Looking up what ${wanted} needs (${lookedUp} packages so far)`,
      progress: Math.max(0.01, LOOKED_UP * share),
    };
  }
  return {
    step: `Downloading ${all} packages (${unpacked} unpacked)`,
    progress: LOOKED_UP + (UNPACKED - LOOKED_UP) * (unpacked / all),
  };
}

/** npm makes all folders first and fills them as the packages arrive. */
async function countPackages(folder: string): Promise<{ all: number; unpacked: number }> {
  const entries = await readdir(folder).catch(() => []);
  const names = entries.filter((name) => !name.startsWith('.'));
  const groups = await Promise.all(
    names.map(async (name) =>
      name.startsWith('@')
        ? (await readdir(join(folder, name)).catch(() => [])).map((member) => join(name, member))
        : [name],
    ),
  );
  const all = groups.flat();
  return {
    all: all.length,
    unpacked: all.filter((name) => existsSync(join(folder, name, 'package.json'))).length,
  };
}
