import path from 'node:path';

/** Where everything is in the folder of a device. */
export interface DevicePaths {
  folder: string;
  releases: string;
  /** Versions of Node-RED and trees of modules, each complete and never changed; may be shared by several agents. */
  store: string;
  /** Link to the release that was found good. */
  current: string;
  /** Link to the release that Node-RED was started with; differs from `current` only during a trial. */
  active: string;
  /** Node-RED's user folder and working folder: context and the files that flows write. */
  data: string;
  /** What people edit in developer mode, and what they edited the last time. */
  developer: string;
  kept: string;
  journal: string;
  /** What waits to be delivered to the control plane. */
  spool: string;
  statusFile: string;
  logFile: string;
  lockFile: string;
}

export function devicePaths(folder: string, store: string | null): DevicePaths {
  const root = path.resolve(folder);
  const at = (...names: string[]) => path.join(root, ...names);
  return {
    folder: root,
    releases: at('releases'),
    store: store === null ? at('store') : path.resolve(store),
    current: at('current'),
    active: at('active'),
    data: at('data'),
    developer: at('developer'),
    kept: at('developer-kept'),
    journal: at('journal'),
    spool: at('spool'),
    statusFile: at('status.json'),
    logFile: at('node-red.log'),
    lockFile: at('agent.lock'),
  };
}
