import type { LeftOut, RuntimeBinding } from '@flowyard/protocol';

/** Everything a Node-RED process is told at its start. It arrives on standard input, since it holds secrets. */
export interface ChildConfiguration {
  /** Node-RED's user directory: palette, settings, library. */
  folder: string;
  /** What flows write: context and files. The lock is here, too. Often the same as `folder`. */
  dataFolder: string;
  /** Where flows.json and flows_cred.json are when no flows plugin is given. */
  flowsFolder: string;
  /** From here `node-red` and `express` are resolved. */
  stackFolder: string;
  /** Where compiled code is cached (Node.js 22 and later). */
  compileCacheFolder: string | null;
  link: LinkConfiguration;
  /** 0 lets the operating system choose; the choice is told over the link. */
  port: number;
  /** The address to listen on; loopback when it is left out. */
  host?: string;
  editor: boolean;
  /** Whether the process itself asks for the password of HTTP pages; for hosted instances the proxy does. */
  guardsPages?: boolean;
  /** Why it starts in safe mode, with its flows stopped; null starts them. */
  safeMode: string | null;
  /** Limp mode: these flows are left out, the others run; undefined or null runs all. */
  leaveOut?: LeftOut | null;
  /** Paths of bundled runtime plugins. */
  plugins: { storage?: string; identity?: string; audit?: string };
  /** Folders with further Node-RED modules. */
  nodesFolders: string[];
  /** Null starts it for the pool. */
  binding: RuntimeBinding | null;
}

export interface LinkConfiguration {
  /** `ws://host:port/agent`, or `ws+unix:///path/of/socket:/agent`. */
  url: string;
  /** Until a binding brings another. */
  token: string;
  /**
   * A JSON file `{"controlUrl": "http://host:port"}` that is read before each attempt to connect, so that the
   * process finds a control plane that came back at another port.
   */
  addressFile: string | null;
}

/** Exit codes of the process, besides those of Node.js itself. */
export const EXIT = {
  /** An exception that nobody caught. */
  fault: 70,
  /** Another Node-RED runs on the data folder. */
  locked: 75,
  /** The configuration cannot work. */
  configuration: 78,
} as const;

/** Reads the configuration to its end. */
export async function readConfiguration(input: NodeJS.ReadStream): Promise<ChildConfiguration> {
  let text = '';
  input.setEncoding('utf8');
  for await (const chunk of input) {
    text += chunk;
  }
  return JSON.parse(text) as ChildConfiguration;
}
