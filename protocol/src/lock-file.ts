import type { Modules } from './snapshot-manifest.ts';

/** Larger ones are those of whole applications, not of a palette. */
export const MAX_LOCK_CHARACTERS = 4_000_000;

type Entry = Record<string, unknown>;

/** Either a lock file that installs exactly these modules, or why there is none and what to do about it. */
export type LockFileReading = { lock: string } | LockFileProblem;

export interface LockFileProblem {
  problem: string;
  advice: string;
}

const OF_ENTRY = [
  'name',
  'version',
  'integrity',
  'license',
  'dependencies',
  'optionalDependencies',
  'peerDependencies',
  'peerDependenciesMeta',
  'optional',
  'peer',
  'devOptional',
  'hasInstallScript',
  'bin',
  'engines',
  'os',
  'cpu',
  'libc',
  'inBundle',
  'bundleDependencies',
] as const;

const DEPENDENCIES = ['dependencies', 'optionalDependencies', 'peerDependencies'] as const;

/** Of what npm fetches from elsewhere than a registry: repositories, folders, addresses. */
const ELSEWHERE =
  /^(?:git\b|git[+:@]|file:|link:|https?:|ssh:|[a-z]+:\/\/|\.|\/|~\/|[^@\s:]+\/\S)|^(?:github|gitlab|bitbucket|gist):/i;
const PLACE =
  /^(?:node_modules\/(?:@[^/\\]+\/)?[^/\\@][^/\\]*)(?:\/node_modules\/(?:@[^/\\]+\/)?[^/\\@][^/\\]*)*$/;
const VERSION = /^\d+\.\d+\.\d+[0-9A-Za-z.+-]*$/;

/** Modules to install: what Flowyard itself brings to each Node-RED is not in a registry. */
export function installableModules(modules: Modules): [name: string, version: string][] {
  return Object.entries(modules)
    .filter(([name]) => name !== 'node-red' && !name.startsWith('@flowyard/'))
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

/**
 * Reads an npm lock file for a set of palette modules. What comes out names no registry, so that each reader fetches
 * from its own and checks the integrity, and is the same text wherever the same versions were installed.
 */
export function readLockFile(text: string, modules: Modules): LockFileReading {
  const wanted = installableModules(modules);
  const packages = packagesOf(text);
  if (packages === null) {
    return {
      problem: 'It is not a lock file of npm 7 or later.',
      advice: 'Install the modules once more with a newer npm.',
    };
  }
  const { '': root = {}, ...installed } = packages;
  const problem = rootProblem(wanted, root, installed) ?? entriesProblem(installed);
  if (problem !== null) {
    return problem;
  }
  const sorted = Object.entries(installed).sort(([a], [b]) => (a < b ? -1 : 1));
  const about = { name: 'flowyard-tree', version: '1.0.0' };
  const lock = {
    ...about,
    lockfileVersion: 3,
    requires: true,
    packages: {
      '': { ...about, dependencies: Object.fromEntries(wanted) },
      ...Object.fromEntries(
        sorted.filter(([, { dev }]) => dev !== true).map(([place, entry]) => [place, kept(entry)]),
      ),
    },
  };
  return { lock: `${JSON.stringify(lock, null, 1)}\n` };
}

function packagesOf(text: string): Record<string, Entry> | null {
  if (text.length > MAX_LOCK_CHARACTERS) {
    return null;
  }
  try {
    const { packages } = JSON.parse(text) as { packages?: Record<string, Entry> };
    const entries = packages === null || typeof packages !== 'object' ? [] : Object.values(packages);
    const isLock =
      entries.length > 0 && entries.every((entry) => entry !== null && typeof entry === 'object');
    return isLock ? (packages ?? null) : null;
  } catch {
    return null;
  }
}

/** Whether it is of exactly these modules, in these versions. */
function rootProblem(
  wanted: [name: string, version: string][],
  root: Entry,
  installed: Record<string, Entry>,
): LockFileProblem | null {
  const asked = dependenciesOf(root, 'dependencies');
  const extra = Object.keys(asked).find((name) => !wanted.some(([known]) => known === name));
  if (extra !== undefined) {
    return {
      problem: `It also has ${extra}, which is not a module of the snapshot.`,
      advice: `Remove ${extra}, or install it in the palette manager so that it belongs to the snapshot.`,
    };
  }
  for (const [name, version] of wanted) {
    const entry = installed[`node_modules/${name}`];
    // A range is met by what npm chose when it was asked for that range.
    if (entry === undefined || (entry.version !== version && asked[name] !== version)) {
      return {
        problem: `It does not have ${name}@${version}.`,
        advice: `Install ${name}@${version} once more.`,
      };
    }
  }
  return null;
}

function entriesProblem(installed: Record<string, Entry>): LockFileProblem | null {
  const problem = placesProblem(installed);
  return problem === null
    ? null
    : { problem, advice: 'Use a version that is in a registry; the .npmrc can name a private one.' };
}

function placesProblem(installed: Record<string, Entry>): string | null {
  for (const [place, entry] of Object.entries(installed)) {
    const { version, resolved, link } = entry;
    if (!PLACE.test(place) || place.split('/').some((part) => part === '..' || part === '.')) {
      return `It would install at ${place.slice(0, 200)}.`;
    }
    if (typeof version !== 'string' || !VERSION.test(version) || link !== undefined) {
      return `Its ${place} is not a version from a registry.`;
    }
    if (resolved !== undefined && !/^https?:\/\//.test(String(resolved))) {
      return `It would fetch ${place} from a repository or a folder.`;
    }
    for (const kind of DEPENDENCIES) {
      const outside = Object.entries(dependenciesOf(entry, kind)).find(([, spec]) => ELSEWHERE.test(spec));
      if (outside !== undefined) {
        return `Its ${place} would fetch ${outside[0]} from elsewhere than a registry.`;
      }
    }
  }
  return null;
}

function dependenciesOf(entry: Entry, kind: (typeof DEPENDENCIES)[number]): Record<string, string> {
  const value = entry[kind];
  if (value === null || typeof value !== 'object') {
    return {};
  }
  return Object.fromEntries(Object.entries(value).map(([name, spec]) => [name, String(spec)]));
}

function kept(entry: Entry): Entry {
  return Object.fromEntries(
    OF_ENTRY.filter((key) => entry[key] !== undefined).map((key) => [key, entry[key]]),
  );
}
