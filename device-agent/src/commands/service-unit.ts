import path from 'node:path';

export interface ServiceOptions {
  /** Node.js and the program that run the agent. */
  nodePath: string;
  program: string;
  folder: string;
  /** What else is given to the agent, as `--port 1880`. */
  args: readonly string[];
  user: string;
  /** Variables that the agent needs, as the authority of the control plane's certificate. */
  environment: Record<string, string>;
}

/** One word in a unit file: `%` begins a specifier, `$` a variable, and quotes keep blanks together. */
function quote(word: string): string {
  const escaped = word
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('%', '%%')
    .replaceAll('$', '$$$$');
  return /[\s"'\\;]/.test(word) ? `"${escaped}"` : escaped;
}

/**
 * The unit of systemd. Only the agent is told to end, which then ends Node-RED in good order; when the agent itself
 * crashes, Node-RED goes on and the next agent takes it over.
 */
export function serviceUnit(options: ServiceOptions): string {
  const { nodePath, program, folder, args, user, environment } = options;
  const command = [nodePath, program, '--dir', path.resolve(folder), ...args].map(quote).join(' ');
  const variables = Object.entries(environment).map(
    ([name, value]) => `Environment=${quote(`${name}=${value}`)}`,
  );
  return [
    '[Unit]',
    'Description=Flowyard device: runs Node-RED on this machine',
    'After=network-online.target',
    'Wants=network-online.target',
    'StartLimitIntervalSec=0',
    '',
    '[Service]',
    'Type=simple',
    `ExecStart=${command}`,
    `User=${user}`,
    ...variables,
    'Restart=always',
    'RestartSec=5',
    'KillMode=process',
    'TimeoutStopSec=60',
    'NoNewPrivileges=true',
    '',
    '[Install]',
    'WantedBy=multi-user.target',
    '',
  ].join('\n');
}
