import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { NpmError, readNpmFailure } from './npm-failure.ts';

export interface NpmInstall {
  /** Has a package.json; node_modules comes into it. */
  folder: string;
  /** Install by the package-lock.json in the folder and change nothing of it. */
  isLocked: boolean;
  allowScripts: boolean;
  signal: AbortSignal;
  /** Called with the number of packages that were looked up so far. */
  onProgress: (packages: number) => void;
}

const TIMEOUT_MS = 20 * 60_000;
const KILL_AFTER_MS = 5000;
const KEPT_LINES = 200;

/** npm beside our own Node.js, so that nothing depends on the PATH of a service; else the one in the PATH. */
function npmCommand(): { command: string; first: string[] } {
  const beside = path.dirname(process.execPath);
  const scripts = [
    path.join(beside, '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    path.join(beside, 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    '/usr/share/nodejs/npm/bin/npm-cli.js',
  ];
  const script = scripts.find((file) => existsSync(file));
  return script === undefined
    ? { command: 'npm', first: [] }
    : { command: process.execPath, first: [script] };
}

/** An agent that itself was started by npm must not pass that npm's place and workspace on. */
function npmEnvironment(): NodeJS.ProcessEnv {
  const dropped =
    /^(?:npm_(?:lifecycle|package|command|execpath|node_execpath|config_(?:local_prefix|prefix|global|workspaces?|include_workspace_root|loglevel))|INIT_CWD|FLOWYARD_)/i;
  const entries = Object.entries(process.env).filter(([name]) => !dropped.test(name));
  return { ...Object.fromEntries(entries), npm_config_update_notifier: 'false' };
}

const ARGUMENTS = [
  '--omit=dev',
  '--no-audit',
  '--no-fund',
  '--package-lock',
  '--prefer-offline',
  '--loglevel=http',
];

/** Kills npm and what it started. */
function terminate(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) {
    return;
  }
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, signal);
  } catch {
    // It is already gone.
  }
}

/**
 * Installs what the folder's package.json names. Throws an `NpmError` that says what to do. A lock file that lacks
 * something, since it was made with other options of npm, is completed: what it does have is installed as it says.
 */
export async function npmInstall(request: NpmInstall): Promise<void> {
  if (!request.isLocked) {
    return runNpm('install', request);
  }
  try {
    await runNpm('ci', request);
  } catch (error) {
    if (!(error instanceof NpmError && error.kind === 'incomplete-lock')) {
      throw error;
    }
    await runNpm('install', request);
  }
}

async function runNpm(verb: 'ci' | 'install', request: NpmInstall): Promise<void> {
  const { folder, allowScripts, signal, onProgress } = request;
  const stopped = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
  stopped.throwIfAborted();
  const { command, first } = npmCommand();
  const child = spawn(
    command,
    [...first, verb, ...ARGUMENTS, ...(allowScripts ? [] : ['--ignore-scripts'])],
    {
      cwd: folder,
      env: npmEnvironment(),
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: process.platform !== 'win32',
      windowsHide: true,
    },
  );
  const lines: string[] = [];
  let packages = 0;
  createInterface({ input: child.stderr }).on('line', (line) => {
    lines.push(line);
    lines.splice(0, lines.length - KEPT_LINES);
    if (/^npm http (?:fetch GET|cache) /.test(line)) {
      packages += 1;
      onProgress(packages);
    }
  });
  let killTimer: NodeJS.Timeout | undefined;
  const onAbort = () => {
    terminate(child.pid, 'SIGTERM');
    killTimer = setTimeout(() => terminate(child.pid, 'SIGKILL'), KILL_AFTER_MS);
  };
  stopped.addEventListener('abort', onAbort);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on('error', (error) =>
        reject(new NpmError('transient', `npm could not be started: ${error.message}`)),
      );
      child.on('close', resolve);
    });
    signal.throwIfAborted();
    if (code !== 0) {
      throw stopped.aborted
        ? new NpmError('transient', 'npm took more than 20 minutes')
        : readNpmFailure(lines);
    }
  } finally {
    stopped.removeEventListener('abort', onAbort);
    clearTimeout(killTimer);
  }
}

/** Whether the npm registry answers. @returns the problem in words, null when it does */
export function pingRegistry(withinMs: number): Promise<string | null> {
  const { command, first } = npmCommand();
  const options = { env: npmEnvironment(), timeout: withinMs, windowsHide: true };
  return new Promise((resolve) => {
    execFile(
      command,
      [...first, 'ping', '--loglevel=error', '--fetch-retries=0'],
      options,
      (error, _out, complaint) => {
        const line = complaint.split('\n').find((text) => text.trim() !== '');
        resolve(error === null ? null : (line ?? 'it does not answer').replace(/^npm (?:error|ERR!) /, ''));
      },
    );
  });
}
