import childProcess from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

type Callback = (error: Error | null, stdout: string, stderr: string) => void;

/**
 * Answers Node-RED's question for npm's version without starting npm.
 *
 * Node-RED waits at each start for `node npm-cli.js -v` (@node-red/registry lib/installer.js, checkPrereq), which
 * takes 120 to 200 ms; the only setting that skips it also forbids installing nodes in the editor. The version is in
 * npm's package.json, so the same answer is to be had at once. Everything else goes to the real function, which is
 * back in its place as soon as the question was asked.
 */
export function answerNpmVersionFromFile(): void {
  const real = childProcess.execFile;
  const quick = (...parameters: unknown[]): unknown => {
    const [, args] = parameters;
    const callback = parameters.at(-1);
    const version = Array.isArray(args) && args.at(-1) === '-v' ? npmVersion(args) : null;
    if (version === null || typeof callback !== 'function') {
      return Reflect.apply(real, childProcess, parameters);
    }
    childProcess.execFile = real;
    setImmediate(() => (callback as Callback)(null, `${version}\n`, ''));
    return undefined;
  };
  childProcess.execFile = quick as typeof real;
}

function npmVersion(args: unknown[]): string | null {
  const [cli] = args;
  if (typeof cli !== 'string' || !/npm-cli\.js$/.test(cli)) {
    return null;
  }
  try {
    return JSON.parse(readFileSync(join(dirname(cli), '..', 'package.json'), 'utf8')).version ?? null;
  } catch {
    return null;
  }
}
