/** The Node.js that Node-RED 5 gets where the one on the device is too old for it. */
const NODE_FOR_NODE_RED_5 = '24.21.0';
const NODE_RED_5_NEEDS = [22, 9] as const;

export interface Stack {
  /** The folder in the store that has Node-RED. */
  nodeRed: string;
  /** The folder in the store that has Node.js; null when the agent's own will do. */
  nodeJs: string | null;
  /** What npm is to install into each of them. */
  packages: Record<string, Record<string, string>>;
}

function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [haveMajor = 0, haveMinor = 0] = version.replace(/^v/, '').split('.').map(Number);
  return haveMajor > major || (haveMajor === major && haveMinor >= minor);
}

/**
 * What has to be there to run a version of Node-RED. Node.js comes as the plain package of one platform: the
 * package called `node` fetches its program by an install script, which we do not run.
 */
export function stackFor(
  nodeRed: string,
  machine: { nodeJs: string; platform: string; arch: string },
): Stack {
  const folder = `node-red-${nodeRed}`;
  const packages: Stack['packages'] = { [folder]: { 'node-red': nodeRed } };
  const major = Number.parseInt(nodeRed, 10);
  if (major < 5 || isAtLeast(machine.nodeJs, NODE_RED_5_NEEDS)) {
    return { nodeRed: folder, nodeJs: null, packages };
  }
  const name = nodePackage(machine);
  const nodeJs = `node-${NODE_FOR_NODE_RED_5}-${machine.platform}-${machine.arch}`;
  packages[nodeJs] = { [name]: NODE_FOR_NODE_RED_5 };
  return { nodeRed: folder, nodeJs, packages };
}

/** The npm package that carries the Node.js program for a machine. */
export function nodePackage({ platform, arch }: { platform: string; arch: string }): string {
  return `node-${platform === 'win32' ? 'win' : platform}-${arch}`;
}
