import { readFile } from 'node:fs/promises';
import type { DeviceCurrent } from '@flowyard/protocol';
import type { LinkStatus } from '../link/control-link.ts';
import { devicePaths } from '../paths.ts';

/** What a running agent leaves in `status.json` whenever it changes. */
export interface AgentStatus {
  at: string;
  pid: number;
  agentVersion: string;
  deviceId: string;
  url: string;
  link: LinkStatus;
  current: DeviceCurrent;
  targetSnapshot: string | null;
  port: number;
}

/** Reads what the agent of a folder last said of itself; null when it never ran there. */
export async function readStatus(folder: string): Promise<AgentStatus | null> {
  const text = await readFile(devicePaths(folder, null).statusFile, 'utf8').catch(() => null);
  return text === null ? null : (JSON.parse(text) as AgentStatus);
}

/** The status for a person. */
export function describeStatus(status: AgentStatus, isRunning: boolean): string {
  const { current, link } = status;
  const rows: [string, string | null][] = [
    ['Device', status.deviceId],
    ['Control plane', `${status.url} (${link.problem ?? link.state})`],
    ['Agent', isRunning ? `running, pid ${status.pid}, version ${status.agentVersion}` : 'not running'],
    ['State', isRunning ? current.state : `${current.state} when the agent last ran`],
    ['Step', current.step],
    ['Target', status.targetSnapshot],
    ['Snapshot', current.snapshotId],
    ['Node-RED', current.nodeRed === null ? null : `${current.nodeRed} on port ${status.port}`],
    ['Reason', current.reason],
    // An agent from before that wrote none.
    ['Flow says', current.flow?.unwell ?? null],
    ['Flow holds', current.flow?.hold?.reason ?? null],
  ];
  return rows
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name.padEnd(14)}${value}`)
    .join('\n');
}
