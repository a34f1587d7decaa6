import { createHash, timingSafeEqual } from 'node:crypto';
import type { Agent, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { watchLiveness } from '@flowyard/launcher';
import { AGENT_CAPABILITY, type EditorIdentity, TUNNEL_TOKEN_HEADER } from '@flowyard/protocol';
import type { Logger } from 'pino';
import { createWebSocketStream, type WebSocket, WebSocketServer } from 'ws';
import type { Stores } from '../db/stores.ts';
import { AppError } from '../errors.ts';
import { AgentRequests } from '../features/devices/agent-requests.ts';
import type { DeviceEditors } from '../features/devices/device-editors.ts';
import { DeviceAway, type DeviceDoor } from '../proxy/device-door.ts';
import { newToken } from '../secrets/tokens.ts';
import type { AgentHub } from './agent-hub.ts';
import type { Changes } from './changes.ts';
import { Remembered } from './remembered.ts';
import { TunnelAgent, type TunnelSocket, toSocket } from './tunnel-agent.ts';

const DIAL_BACK_MS = 10_000;
const MAX_PER_DEVICE = 64;
/** An editor hears of its Node-RED every fifteen seconds. */
const IDLE_MS = 5 * 60_000;
const MAX_MESSAGE_BYTES = 1024 * 1024;
const PING_MS = 20_000;
const KEEP_MODE_MS = 5000;
const MAX_MODES = 10_000;

interface Parts {
  stores: Stores;
  changes: Changes;
  agentHub: Pick<AgentHub, 'isConnected' | 'can' | 'send' | 'onRequestFailed'>;
  editors: DeviceEditors;
  logger: Logger;
  dialBackMs?: number;
}

interface Tunnels {
  agent: TunnelAgent;
  sockets: Set<TunnelSocket>;
}

/**
 * Connections to the Node-REDs of devices in developer mode. Each is asked for with a token that works once, is
 * dialled by the device, and is one WebSocket whose bytes nobody looks at.
 */
export class TunnelHub implements DeviceDoor {
  readonly #parts: Parts;
  readonly #server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
  });
  readonly #requests: AgentRequests<TunnelSocket>;
  readonly #tokens = new Map<string, Buffer>();
  readonly #tunnels = new Map<string, Tunnels>();
  readonly #modes: Remembered<{ isDeveloper: boolean }>;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#requests = new AgentRequests(parts.dialBackMs ?? DIAL_BACK_MS);
    this.#modes = new Remembered({ keepMs: KEEP_MODE_MS, maxEntries: MAX_MODES });
    parts.agentHub.onRequestFailed((deviceId, id, reason) =>
      this.#requests.fail(deviceId, id, new DeviceAway('away', reason)),
    );
    parts.changes.on('change', ({ kind, id }) => {
      if (kind === 'device') {
        this.#modes.forget(id);
        void this.#closeUnlessDeveloper(id);
      }
    });
    parts.changes.on('targets', ({ deviceIds }) => {
      for (const id of deviceIds) {
        this.#modes.forget(id);
        void this.#closeUnlessDeveloper(id);
      }
    });
  }

  async agentTo(deviceId: string): Promise<Agent> {
    const { agentHub } = this.#parts;
    if (!(await this.#isDeveloper(deviceId))) {
      throw new DeviceAway('fleet');
    }
    if (!agentHub.isConnected(deviceId)) {
      throw new DeviceAway('offline');
    }
    if (!agentHub.can(deviceId, AGENT_CAPABILITY.tunnel)) {
      throw new DeviceAway('old-agent');
    }
    return this.#of(deviceId).agent;
  }

  editorOpened(deviceId: string, identity: string): () => void {
    const payload = Buffer.from(identity.split('.')[0] ?? '', 'base64url').toString();
    const { username } = JSON.parse(payload) as EditorIdentity;
    return this.#parts.editors.opened(deviceId, username);
  }

  /**
   * A device dials back.
   * @throws AppError 404 unless it was asked for exactly this and has not come yet
   */
  accept(deviceId: string, id: string, request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const expected = this.#tokens.get(id);
    const given = request.headers[TUNNEL_TOKEN_HEADER];
    const fits =
      expected !== undefined &&
      typeof given === 'string' &&
      timingSafeEqual(expected, digest(given)) &&
      this.#requests.has(deviceId, id);
    if (!fits) {
      throw new AppError(404, 'not_found', 'No such tunnel was asked for.');
    }
    this.#tokens.delete(id);
    this.#server.handleUpgrade(request, socket, head, (webSocket) => this.#open(deviceId, id, webSocket));
  }

  close(): void {
    for (const { agent, sockets } of this.#tunnels.values()) {
      agent.destroy();
      for (const socket of sockets) {
        socket.destroy();
      }
    }
    this.#tunnels.clear();
    this.#server.close();
  }

  async #dial(deviceId: string): Promise<TunnelSocket> {
    const { sockets } = this.#of(deviceId);
    if (sockets.size + this.#requests.countOf(deviceId) >= MAX_PER_DEVICE) {
      throw new DeviceAway('busy');
    }
    const token = newToken('tunnel');
    let asked = '';
    try {
      return await this.#requests.ask(
        deviceId,
        (id) => {
          asked = id;
          this.#tokens.set(id, digest(token));
          this.#parts.agentHub.send(deviceId, { type: 'open-tunnel', id, token });
        },
        () => new DeviceAway('silent'),
      );
    } finally {
      this.#tokens.delete(asked);
    }
  }

  #open(deviceId: string, id: string, webSocket: WebSocket): void {
    const stream = toSocket(createWebSocketStream(webSocket));
    const { sockets } = this.#of(deviceId);
    sockets.add(stream);
    watchLiveness(webSocket, PING_MS);
    stream.on('error', (error) =>
      this.#parts.logger.debug({ err: error, deviceId }, 'a tunnel to a device broke'),
    );
    stream.on('close', () => sockets.delete(stream));
    stream.on('timeout', () => stream.destroy());
    // The stream itself does not count as closed then, and would be kept for the next request.
    webSocket.once('close', () => setImmediate(() => destroyWhenRead(stream)));
    stream.setTimeout(IDLE_MS);
    if (!this.#requests.answer(deviceId, id, stream)) {
      stream.destroy();
    }
  }

  #of(deviceId: string): Tunnels {
    const known = this.#tunnels.get(deviceId);
    if (known !== undefined) {
      return known;
    }
    const tunnels = { agent: new TunnelAgent(() => this.#dial(deviceId)), sockets: new Set<TunnelSocket>() };
    this.#tunnels.set(deviceId, tunnels);
    return tunnels;
  }

  async #isDeveloper(deviceId: string): Promise<boolean> {
    const mode = await this.#modes.read(deviceId, async () => {
      const device = await this.#parts.stores.devices.find(deviceId);
      return device === null ? null : { isDeveloper: device.mode === 'developer' };
    });
    return mode?.isDeveloper === true;
  }

  /** Developer mode has ended, or the device is gone: nobody stays connected. */
  async #closeUnlessDeveloper(deviceId: string): Promise<void> {
    const tunnels = this.#tunnels.get(deviceId);
    if (tunnels === undefined || (await this.#isDeveloper(deviceId).catch(() => false))) {
      return;
    }
    this.#tunnels.delete(deviceId);
    tunnels.agent.destroy();
    for (const socket of tunnels.sockets) {
      socket.destroy();
    }
  }
}

/** What has arrived is still read. */
function destroyWhenRead(stream: Duplex): void {
  if (stream.readableLength === 0) {
    stream.destroy();
  } else {
    stream.once('end', () => stream.destroy());
  }
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
