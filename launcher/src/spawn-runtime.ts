import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { ChildConfiguration } from './child/configuration.ts';
import { type ProcessIdentity, readProcessStart } from './process-identity.ts';

/** What is needed to start one Node-RED. It is asked for anew at each start. */
export interface LaunchPlan {
  /** The Node.js that runs it. */
  nodePath: string;
  /** The limit of its JavaScript heap; null leaves Node.js' own. */
  memoryMb: number | null;
  configuration: Omit<ChildConfiguration, 'safeMode'>;
}

export interface SpawnedRuntime {
  identity: ProcessIdentity;
  child: ChildProcess;
}

/** Off; only where it would listen if it is asked for, so that two processes do not want the same port. */
const INSPECTOR = ['--inspect-port=127.0.0.1:0'];
/** One file, so that Node.js has little to look for before Node-RED starts. */
const CHILD_ENTRY = join(
  dirname(createRequire(import.meta.url).resolve('@flowyard/launcher/package.json')),
  'dist/child.js',
);

/**
 * Starts Node-RED in a process group of its own, detached: it outlives us, and a signal to our terminal does not
 * reach it. Its output goes to the log file. Rejects when the process cannot be started at all.
 */
export async function spawnRuntime(
  plan: LaunchPlan,
  logFile: string,
  safeMode: string | null,
): Promise<SpawnedRuntime> {
  mkdirSync(dirname(logFile), { recursive: true });
  const log = openSync(logFile, 'a', 0o600);
  const heap = plan.memoryMb === null ? [] : [`--max-old-space-size=${plan.memoryMb}`];
  let child: ChildProcess;
  try {
    child = spawn(plan.nodePath, [...heap, ...INSPECTOR, CHILD_ENTRY], {
      detached: true,
      stdio: ['pipe', log, log],
      env: inheritedEnvironment(process.env),
      cwd: dirname(logFile),
      windowsHide: true,
    });
  } finally {
    closeSync(log);
  }
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  const configuration: ChildConfiguration = { ...plan.configuration, safeMode };
  // A process that died at once cannot be written to; its exit tells why.
  child.stdin?.on('error', () => {});
  child.stdin?.end(JSON.stringify(configuration));
  child.unref();
  const pid = child.pid ?? 0;
  return { child, identity: { pid, start: readProcessStart(pid) ?? 'unknown' } };
}

const INHERITED =
  /^(?:PATH|PATHEXT|HOME|USER|USERPROFILE|LOGNAME|SHELL|LANG|LANGUAGE|LC_\w+|TZ|TMPDIR|TEMP|TMP|SYSTEMROOT|SYSTEMDRIVE|WINDIR|COMSPEC|APPDATA|LOCALAPPDATA|PROGRAM\w*|(?:HTTPS?|NO|ALL)_PROXY|NODE_EXTRA_CA_CERTS|SSL_CERT_(?:FILE|DIR)|NPM_CONFIG_(?:REGISTRY|CACHE|USERCONFIG|GLOBALCONFIG|CA|CAFILE|STRICT_SSL|(?:HTTPS_|HTTP_)?PROXY|NOPROXY|OFFLINE|PREFER_OFFLINE))$/i;

/**
 * Flows can read their environment, so nothing of ours that is secret may be in it. Of npm's settings, those of the
 * machine go along; those that `npm start` adds for itself would have npm install into our own folder.
 */
export function inheritedEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => INHERITED.test(name)));
}
