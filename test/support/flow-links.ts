import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Arrived } from '../../nodes/src/link/arrivals.ts';
import { FlowLinks } from '../../nodes/src/link/flow-links.ts';
import type { RunningControlPlane } from './control-plane.ts';
import { eventually } from './eventually.ts';

/** The link nodes of one device, without a Node-RED around them. */
export interface LinkedDevice {
  id: string;
  name: string;
  token: string;
  links: FlowLinks;
  userDir: string;
  /** What its link ins got, by the time they got it. */
  arrived: Arrived[];
  warnings: string[];
  /** Listens with a link in that keeps what arrives. */
  hear(link: string, hears?: 'application' | 'team'): () => void;
  isConnected(): Promise<unknown>;
  /** Ends as Node-RED does when it is stopped. */
  stop(): Promise<void>;
  /** Begins again with the same folder. */
  start(url?: string): void;
}

const folders: string[] = [];

/** Registers a device in an application and opens its links. */
export async function linkDevice(
  cp: RunningControlPlane,
  place: { teamId: string; applicationId: string },
  name: string,
): Promise<LinkedDevice> {
  const { id, credentials } = await cp.admin.call('createDevice', {
    params: { id: place.teamId },
    body: { name, applicationId: place.applicationId },
  });
  return openLinks(cp.url, { id, name, token: credentials.token });
}

export function openLinks(
  url: string,
  { id, name, token }: { id: string; name: string; token: string },
): LinkedDevice {
  const userDir = mkdtempSync(join(tmpdir(), 'flowyard-links-'));
  folders.push(userDir);
  const device: LinkedDevice = {
    ...{ id, name, token, userDir, arrived: [], warnings: [] },
    links: undefined as unknown as FlowLinks,
    hear: (link, hears = 'application') =>
      device.links.listen({
        listener: { link, hears },
        onMessage: (arrived) => device.arrived.push(arrived),
      }),
    isConnected: () => eventually(() => device.links.state.connection === 'connected'),
    stop: () => device.links.close(),
    start: (at = url) => {
      device.links = new FlowLinks({
        platform: { url: at, token, instanceId: null, deviceId: id, applicationId: null },
        userDir,
        warn: (text) => device.warnings.push(text),
      });
    },
  };
  device.start();
  return device;
}

export function removeLinkFolders(): void {
  for (const folder of folders.splice(0)) {
    rmSync(folder, { recursive: true, force: true });
  }
}
