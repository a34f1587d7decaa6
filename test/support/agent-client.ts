import {
  AGENT_PROTOCOL,
  type AgentCommand,
  type DeviceCurrent,
  type DeviceTarget,
  NO_FLOW_STATE,
} from '@flowyard/protocol';
import { WebSocket } from 'ws';
import { eventually } from './eventually.ts';

const IDLE: DeviceCurrent = {
  generation: 0,
  state: 'idle',
  snapshotId: null,
  step: null,
  progress: null,
  reason: null,
  failedSnapshotId: null,
  nodeRed: null,
  mode: 'fleet',
  edited: false,
  flow: NO_FLOW_STATE,
};

/** Speaks the agent's protocol without running anything, to see what the control plane makes of it. */
export class AgentClient {
  readonly commands: AgentCommand[] = [];
  closeCode: number | undefined;
  readonly #socket: WebSocket;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data) => this.commands.push(JSON.parse(data.toString())));
    socket.on('close', (code) => {
      this.closeCode = code;
    });
  }

  static async connect(url: string, token: string): Promise<AgentClient> {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/agent`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const client = new AgentClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    return client;
  }

  hello(
    overrides: {
      time?: number;
      protocol?: number;
      current?: Partial<DeviceCurrent>;
      hardware?: string[];
      hostname?: string;
      capabilities?: string[];
    } = {},
  ): void {
    this.send({
      type: 'hello',
      protocol: overrides.protocol ?? AGENT_PROTOCOL,
      agentVersion: '0.1.0',
      nodeJs: process.version,
      platform: 'linux x64',
      time: overrides.time ?? Date.now(),
      ...(overrides.hardware && { hardware: overrides.hardware }),
      ...(overrides.hostname && { hostname: overrides.hostname }),
      capabilities: overrides.capabilities ?? [],
      current: { ...IDLE, ...overrides.current },
    });
  }

  state(current: Partial<DeviceCurrent>): void {
    this.send({ type: 'state', current: { ...IDLE, ...current } });
  }

  send(message: unknown): void {
    this.#socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** The newest target, once one that fits has come. */
  async target(fits: (target: DeviceTarget) => boolean = () => true): Promise<DeviceTarget> {
    return eventually(() => {
      const newest = this.commands.findLast((command) => command.type === 'target');
      return newest?.type === 'target' && fits(newest.target) && newest.target;
    });
  }

  /** From now on as with a network that swallows everything: nothing is read, and no ping is answered. */
  freeze(): void {
    this.#socket.pause();
  }

  close(): void {
    this.#socket.close();
  }
}
