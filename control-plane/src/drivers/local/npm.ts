import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { inheritedEnvironment } from '@flowyard/launcher';

const TIMEOUT_MS = 15 * 60_000;
const VIEW_TIMEOUT_MS = 20_000;
const MAX_OUTPUT = 8000;
const ALWAYS = ['--omit=dev', '--no-audit', '--no-fund', '--no-update-notifier'];

/** Hears how many packages npm has asked about so far: the only sign of life in its first seconds. */
export type OnLookUp = (packages: number) => void;

/** npm failed, for a reason with a code of its own, such as EUSAGE. */
export class NpmError extends Error {
  override name = 'NpmError';
  readonly code: string | null;

  constructor(output: string, exitCode: number | null) {
    super(`npm failed (exit code ${exitCode}): ${errorLines(output)}`);
    this.code = /^npm (?:error|ERR!) code (\S+)/m.exec(output)?.[1] ?? null;
  }
}

/** What npm says at its log level "http" of each package that it asks the registry about. */
const LOOK_UP = /^npm http fetch GET \d+ (?!\S+\.tgz )/;

/** Runs npm in a folder. Rejects with what npm said when it fails, and when it is aborted or takes too long. */
export async function runNpm(
  args: string[],
  folder: string,
  signal: AbortSignal,
  onLookUp?: OnLookUp,
  onSpawn?: (pid: number) => void,
): Promise<void> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
  limit.throwIfAborted();
  const [command = 'install', ...rest] = args;
  const level = onLookUp ? ['--loglevel=http'] : [];
  const child = spawn(
    process.execPath,
    [findNpm(), command, '--prefix', folder, ...ALWAYS, ...level, ...rest],
    {
      cwd: folder,
      env: inheritedEnvironment(process.env),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    },
  );
  onSpawn?.(child.pid ?? 0);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-MAX_OUTPUT);
    });
  }
  if (onLookUp) {
    let packages = 0;
    createInterface({ input: child.stderr }).on('line', (line) => {
      packages += LOOK_UP.test(line) ? 1 : 0;
      onLookUp(packages);
    });
  }
  // npm has children of its own: the whole group goes.
  const end = () => killGroup(child);
  limit.addEventListener('abort', end, { once: true });
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    limit.throwIfAborted();
    if (code !== 0) {
      throw new NpmError(output, code);
    }
  } finally {
    limit.removeEventListener('abort', end);
  }
}

/** Whether the registry has that version; null when it cannot be asked. */
export async function hasVersion(name: string, version: string): Promise<boolean | null> {
  const child = spawn(
    process.execPath,
    [findNpm(), 'view', `${name}@${version}`, 'version', '--json', '--no-update-notifier'],
    {
      env: inheritedEnvironment(process.env),
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: VIEW_TIMEOUT_MS,
      killSignal: 'SIGKILL',
    },
  );
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output = (output + text).slice(-MAX_OUTPUT);
  });
  const code = await new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(null));
    child.once('close', resolve);
  });
  if (code === 0) {
    return output.includes(`"${version}"`);
  }
  return /"code":\s*"E404"/.test(output) ? false : null;
}

/** The npm that came with Node-RED: the same on every platform, and there even when the machine has none. */
function findNpm(): string {
  const fromHere = createRequire(import.meta.url);
  const fromNodeRed = createRequire(fromHere.resolve('node-red/package.json'));
  const fromRegistry = createRequire(fromNodeRed.resolve('@node-red/registry/package.json'));
  return join(dirname(fromRegistry.resolve('npm/package.json')), 'bin', 'npm-cli.js');
}

function killGroup(child: ChildProcess): void {
  try {
    process.kill(-(child.pid ?? 0), 'SIGKILL');
  } catch {
    child.kill('SIGKILL');
  }
}

/** What people need of npm's output. */
function errorLines(output: string): string {
  const lines = output
    .split('\n')
    .filter((line) => /^npm (?:error|ERR!)/.test(line) && !/A complete log/.test(line));
  return (lines.length > 0 ? lines : output.trim().split('\n').slice(-5)).join('\n').slice(0, 1500);
}
