import type { NodeAPI } from 'node-red';
import { type Platform, readPlatform } from '../shared/platform';
import { FlowLinks } from './flow-links';

/** While flows are deployed anew all nodes are gone for a moment; the connection stays. */
const LINGER_MS = 1000;

interface Shared {
  links: FlowLinks;
  platform: Platform;
  users: number;
  ending: NodeJS.Timeout | undefined;
}

export interface Taken {
  links: FlowLinks;
  /** Resolves when what the node gave is safe: Node-RED may be about to end. */
  leave: () => Promise<void>;
}

let shared: Shared | null = null;
let closing: Promise<void> = Promise.resolve();

function isSame(one: Platform, other: Platform): boolean {
  return one.url === other.url && one.token === other.token;
}

function end(): void {
  const links = shared?.links;
  clearTimeout(shared?.ending);
  shared = null;
  if (links !== undefined) {
    closing = closing.then(() => links.close());
  }
}

/**
 * The links of this Node-RED, for one node; null outside Flowyard. The first node opens them, and they are closed
 * when the last one has left for a while.
 */
export async function takeLinks(RED: NodeAPI): Promise<Taken | null> {
  const platform = readPlatform();
  if (platform === null || (platform.instanceId ?? platform.deviceId) === null) {
    return null;
  }
  if (shared !== null && !isSame(shared.platform, platform)) {
    end();
  }
  // The folder belongs to one at a time.
  await closing;
  shared ??= {
    links: new FlowLinks({
      platform,
      userDir: (RED.settings as unknown as { userDir?: string }).userDir ?? '.',
      warn: (text) => RED.log.warn(text),
    }),
    platform,
    users: 0,
    ending: undefined,
  };
  const mine = shared;
  mine.users += 1;
  clearTimeout(mine.ending);
  return { links: mine.links, leave: () => leave(mine) };
}

async function leave(mine: Shared): Promise<void> {
  mine.users -= 1;
  if (mine.users === 0) {
    mine.ending = setTimeout(() => {
      if (mine.users === 0 && shared === mine) {
        end();
      }
    }, LINGER_MS);
  }
  await mine.links.flush();
}
