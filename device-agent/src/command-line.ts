import { parseArgs } from 'node:util';

export type Command =
  | { name: 'help' }
  | { name: 'version' }
  | {
      name: 'register';
      url: string;
      /** How it joins: by a provisioning token, by a one-time code, or, with neither, by asking a person. */
      token: string | null;
      code: string | null;
      importFrom: string | null;
      deviceName: string | null;
      type: string | null;
      folder: string;
      force: boolean;
    }
  | { name: 'import'; folder: string; from: string | null }
  | { name: 'status'; folder: string; json: boolean }
  | { name: 'doctor'; folder: string; port: number; json: boolean }
  | { name: 'install-service'; folder: string; args: string[]; user: string | null; print: boolean }
  | { name: 'uninstall'; folder: string }
  | RunCommand;

export interface RunCommand {
  name: 'run';
  folder: string;
  port: number;
  host: string;
  /** What is null comes from the target. */
  stableMs: number | null;
  startMs: number | null;
  allowScripts: boolean | null;
  store: string | null;
  /** The page of the agent itself; null leaves it off. */
  localPage: { host: string; port: number } | null;
  /** For how long the editor may be opened there at once; null leaves that off. */
  emergencyMinutes: number | null;
}

/** The command line cannot be understood; the message names the argument. */
export class UsageError extends Error {
  override name = 'UsageError';
}

export const HELP = `flowyard-device: runs Node-RED on this machine for Flowyard

  flowyard-device register --url <address> [--token <provisioning token> | --code <three words>]
                           [--name N] [--type T] [--import <folder>] [--dir <folder>] [--force]
      Joins a team and writes device.yml into the folder. Without a token or code it prints an address, at which
      somebody says where the device belongs. --import takes over the Node-RED of that folder.
  flowyard-device import [--from <folder>] [--dir <folder>]
      Sends the flows, credentials and modules of a Node-RED on this machine (default: ~/.node-red) as a snapshot of
      this device. The Node-RED itself is not touched.
  flowyard-device [--dir <folder>] [--port 1880] [--host 0.0.0.0]
      Runs the device until it is told to end.
  flowyard-device status [--dir <folder>] [--json]
      Says what the device does.
  flowyard-device doctor [--dir <folder>] [--port 1880] [--json]
      Looks at machine, network and files, and says what to do about what is wrong. Changes nothing.
  flowyard-device install-service [--user <name>] [--print] [options of the device]
      Has systemd run the device from now on, also after a reboot; --print only shows the unit.
  flowyard-device uninstall
      Ends and removes that service. The folder of the device stays.

  --dir <folder>          folder of the device (default: ~/.flowyard-device)
  --port, --host          where Node-RED listens (default: port 1880 on all addresses)
  --stable-seconds <n>    how long a new snapshot must run without trouble to be kept (default: as set in Flowyard)
  --start-seconds <n>     how long it may take to start (default: as set in Flowyard)
  --allow-scripts         let modules run their install scripts, whatever is set in Flowyard
  --store <folder>        where Node-RED and modules are installed, to share them between devices on one machine
  --local-page <port>     a page of the agent itself, with status, log and roll back, for when the network is away; its
                          password is in the file local-page-password in the folder
  --local-host <address>  where that page listens (default: 127.0.0.1)
  --emergency-editor <minutes>
                          lets that page open the editor of Node-RED for so long, to change flows while the network is
                          away; off unless given
  --version, --help
`;

const OPTIONS = {
  dir: { type: 'string' },
  url: { type: 'string' },
  token: { type: 'string' },
  code: { type: 'string' },
  import: { type: 'string' },
  from: { type: 'string' },
  name: { type: 'string' },
  type: { type: 'string' },
  force: { type: 'boolean' },
  user: { type: 'string' },
  print: { type: 'boolean' },
  'local-page': { type: 'string' },
  'local-host': { type: 'string' },
  'emergency-editor': { type: 'string' },
  json: { type: 'boolean' },
  port: { type: 'string' },
  host: { type: 'string' },
  'stable-seconds': { type: 'string' },
  'start-seconds': { type: 'string' },
  'allow-scripts': { type: 'boolean' },
  store: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
} as const;

type Values = ReturnType<typeof parse>['values'];

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message.split('. ')[0] ?? 'unknown argument');
  }
}

function numberOf(
  values: Values,
  name: 'port' | 'stable-seconds' | 'start-seconds' | 'local-page' | 'emergency-editor',
  fallback: number,
  most: number,
) {
  const text = values[name];
  if (text === undefined) {
    return fallback;
  }
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0 || value > most) {
    throw new UsageError(`--${name} must be a number from 0 to ${most}, not "${text}"`);
  }
  return value;
}

function secondsOf(values: Values, name: 'stable-seconds' | 'start-seconds'): number | null {
  return values[name] === undefined ? null : 1000 * numberOf(values, name, 0, 3600);
}

const MOST_EMERGENCY_MINUTES = 7 * 24 * 60;

/** Without the page it would be of no use, and whoever asked for it should know. */
function emergencyMinutesOf(values: Values): number | null {
  if (values['emergency-editor'] === undefined) {
    return null;
  }
  const minutes = numberOf(values, 'emergency-editor', 0, MOST_EMERGENCY_MINUTES);
  if (minutes === 0) {
    throw new UsageError('--emergency-editor must be more than 0 minutes; leave it out to have none');
  }
  if (values['local-page'] === undefined) {
    throw new UsageError('--emergency-editor is opened on the local page: give --local-page too');
  }
  return minutes;
}

function required(values: Values, name: 'url'): string {
  const value = values[name];
  if (value === undefined || value === '') {
    throw new UsageError(`register needs --${name}`);
  }
  return value;
}

/** Understands the arguments. `home` is the folder in which devices are kept unless told otherwise. */
export function parseCommandLine(args: readonly string[], home: string): Command {
  const { values, positionals } = parse(args);
  if (values.help) {
    return { name: 'help' };
  }
  if (values.version) {
    return { name: 'version' };
  }
  const [name = 'run', ...rest] = positionals;
  if (rest.length > 0) {
    throw new UsageError(`unexpected argument "${rest[0]}"`);
  }
  const folder = values.dir ?? home;
  switch (name) {
    case 'register':
      if (values.token !== undefined && values.code !== undefined) {
        throw new UsageError('register takes --token or --code, not both');
      }
      return {
        name,
        url: required(values, 'url'),
        token: values.token || null,
        code: values.code || null,
        importFrom: values.import ?? null,
        deviceName: values.name ?? null,
        type: values.type ?? null,
        folder,
        force: values.force ?? false,
      };
    case 'import':
      return { name, folder, from: values.from ?? null };
    case 'status':
      return { name, folder, json: values.json ?? false };
    case 'doctor':
      return { name, folder, port: portOf(values), json: values.json ?? false };
    case 'install-service':
      return {
        name,
        folder,
        args: argumentsOf(values, runCommandOf(folder, values)),
        user: values.user ?? null,
        print: values.print ?? false,
      };
    case 'uninstall':
      return { name, folder };
    case 'run':
      return runCommandOf(folder, values);
    default:
      throw new UsageError(`there is no command "${name}"`);
  }
}

function portOf(values: Values): number {
  return Math.trunc(numberOf(values, 'port', 1880, 65_535));
}

function runCommandOf(folder: string, values: Values): RunCommand {
  const localPort = values['local-page'] === undefined ? null : numberOf(values, 'local-page', 0, 65_535);
  return {
    name: 'run',
    folder,
    port: portOf(values),
    host: values.host ?? '0.0.0.0',
    stableMs: secondsOf(values, 'stable-seconds'),
    startMs: secondsOf(values, 'start-seconds'),
    allowScripts: values['allow-scripts'] ?? null,
    store: values.store ?? null,
    localPage: localPort === null ? null : { host: values['local-host'] ?? '127.0.0.1', port: localPort },
    emergencyMinutes: emergencyMinutesOf(values),
  };
}

const OF_RUN = [
  'port',
  'host',
  'stable-seconds',
  'start-seconds',
  'store',
  'local-page',
  'local-host',
  'emergency-editor',
] as const;

/** The options of the device as they were given, for the service that runs it. They are understood already. */
function argumentsOf(values: Values, { allowScripts }: RunCommand): string[] {
  return [
    ...OF_RUN.flatMap((name) => (values[name] === undefined ? [] : [`--${name}`, values[name]])),
    ...(allowScripts === true ? ['--allow-scripts'] : []),
  ];
}
