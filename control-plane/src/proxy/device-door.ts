import type { Agent } from 'node:http';

/** Why no connection leads to the Node-RED of a device. */
export type DeviceProblem =
  | 'fleet'
  | 'offline'
  | 'old-agent'
  /** It is in developer mode, and its Node-RED does not answer yet or any more. */
  | 'away'
  | 'silent'
  | 'busy';

export class DeviceAway extends Error {
  override name = 'DeviceAway';
  readonly problem: DeviceProblem;
  /** What the device itself says. */
  readonly detail: string | null;

  constructor(problem: DeviceProblem, detail: string | null = null) {
    super(detail ?? problem);
    this.problem = problem;
    this.detail = detail;
  }
}

/** How the proxy reaches devices: through connections that these dial themselves. */
export interface DeviceDoor {
  /**
   * What makes connections to the Node-RED of a device. Requests that it serves may fail with DeviceAway, too.
   * @throws DeviceAway when there are none to be had now
   */
  agentTo(deviceId: string): Promise<Agent>;
  /** Somebody's editor is connected; the returned function says that it is not any more. */
  editorOpened(deviceId: string, identity: string): () => void;
}
