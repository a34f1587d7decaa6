type NpmErrorKind = 'transient' | 'permanent' | 'incomplete-lock';

/**
 * npm did not install something. `transient`: the same may work later, as when the network is away;
 * `permanent`: the snapshot asks for what cannot be had, and a person has to change something; `incomplete-lock`: the
 * lock file does not have all that its modules need.
 */
export class NpmError extends Error {
  override name = 'NpmError';
  readonly kind: NpmErrorKind;

  constructor(kind: NpmErrorKind, message: string) {
    super(message);
    this.kind = kind;
  }
}

const NETWORK =
  /^(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ERR_SOCKET_TIMEOUT|EIDLETIMEOUT|FETCH_ERROR|EPIPE|E429|E5\d\d|Z_.*|TAR_.*)$/;
const LAST_LINES = 6;

/** Registries may be written with a name and password in their address. */
function withoutSecrets(line: string): string {
  return line.replace(/\/\/[^@/\s]+@/g, '//');
}

function findModule(text: string): string | null {
  const patterns = [
    /No matching version found for (\S+?)\.?(?:\s|$)/,
    /'([^'\s]+)' is not in (?:this|the npm) registry/,
    /'([^'\s]+)' could not be found/,
    /404 Not Found - GET \S*?\/((?:@[^/\s]+(?:\/|%2f))?[^/\s]+)(?:\s|$)/i,
  ];
  for (const pattern of patterns) {
    const found = pattern.exec(text)?.[1];
    if (found !== undefined) {
      return found.replace(/%2f/i, '/').replace(/@\*$/, '');
    }
  }
  return null;
}

/** Says in words for people why npm failed, from what it wrote to stderr. */
export function readNpmFailure(lines: readonly string[]): NpmError {
  const errors = lines
    .filter((line) => /^npm (?:error|ERR!)/.test(line))
    .map((line) => withoutSecrets(line.replace(/^npm (?:error|ERR!) ?/, '')))
    .filter((line) => line.trim() !== '' && !line.includes('complete log of this run'));
  const text = errors.join('\n');
  const code = /^code (\S+)/m.exec(text)?.[1] ?? 'unknown';
  const module = findModule(text);
  if (code === 'E404' || code === 'ETARGET') {
    const name = module ?? 'a module';
    return new NpmError(
      'permanent',
      `The module ${name} is not in the registry. Check its name and version in the palette of the instance, take a new snapshot and deploy that.`,
    );
  }
  if (code === 'EUSAGE') {
    return new NpmError('incomplete-lock', 'The lock file does not have all that its modules need.');
  }
  if (code === 'EINTEGRITY') {
    return new NpmError(
      'transient',
      'A module arrived with other content than the snapshot was made with (EINTEGRITY): damaged on the way, or the registry of this device has another module of that name and version.',
    );
  }
  if (code === 'ENOSPC') {
    return new NpmError('transient', 'The disk is full: free some space on the device.');
  }
  if (code === 'E401' || code === 'E403') {
    return new NpmError(
      'permanent',
      `The registry refuses ${module ?? 'a module'} (${code}). Give this device access in its .npmrc, then try again.`,
    );
  }
  if (NETWORK.test(code)) {
    return new NpmError('transient', `The module registry cannot be reached (${code}).`);
  }
  const last =
    errors.slice(0, LAST_LINES).join('\n') || lines.slice(-LAST_LINES).map(withoutSecrets).join('\n');
  return new NpmError('permanent', `npm could not install the modules (${code}):\n${last}`);
}
