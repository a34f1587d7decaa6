import { Agent, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { IDENTITY_HEADER, type RuntimeStatus } from '@flowyard/protocol';
import { createProxyServer } from 'httpxy';
import type { Logger } from 'pino';
import type { Driver } from '../drivers/driver.ts';
import { DeviceAway, type DeviceDoor } from './device-door.ts';
import { CALLBACK_PATH, type EditorSignIn, type ProxiedInstance } from './editor-sign-in.ts';
import type { PageGate, PageVerdict } from './page-gate.ts';
import {
  forwardedHeaders,
  instanceNameOf,
  isFromOwnPages,
  isNavigation,
  pathOf,
  stripCookies,
} from './proxied-request.ts';
import {
  type Answer,
  awayAnswer,
  brokenAnswer,
  deviceAwayAnswer,
  failedSignInAnswer,
  refusedAnswer,
  unknownAnswer,
} from './proxy-pages.ts';

export interface ProxyOptions {
  /** Instances are at `<name>.<domain>`. */
  domain: () => string;
  signIn: EditorSignIn;
  pages: PageGate;
  driver: Pick<Driver, 'address'>;
  devices: DeviceDoor;
  /** For the page that says why an instance does not answer. */
  stateOf: (instanceId: string) => { status: RuntimeStatus; reason: string | null } | null;
  /** The address of the control plane's page. */
  pageUrl: () => string;
  /** Whether X-Forwarded headers from that address are believed. By default from none. */
  isTrustedProxy?: (remoteAddress: string) => boolean;
  logger: Logger;
}

export interface InstanceProxy {
  /** Whether the host name of the request is that of an instance, or could be. */
  handles(request: IncomingMessage): boolean;
  request(request: IncomingMessage, response: ServerResponse): void;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  close(): void;
}

/** A flow may take its time to answer, but not for ever. */
const ANSWER_TIMEOUT_MS = 5 * 60_000;
const UPGRADE_TIMEOUT_MS = 10_000;
const EDITOR_SOCKET = '/comms';
/** Signing in by password is for when we are away; through us it would be a door for guessing. */
const EMERGENCY_SIGN_IN = /^\/auth\/token\/?$/i;

/** Leads requests to the hosted Node-REDs and to devices in developer mode, and tells them who is at the editor. */
export function createProxy(options: ProxyOptions): InstanceProxy {
  return new HostProxy(options);
}

interface Way {
  target: { host: string; port: number; protocol: string };
  agent: Agent;
}

class HostProxy implements InstanceProxy {
  readonly #options: ProxyOptions;
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: 256 });
  readonly #proxy = createProxyServer();

  constructor(options: ProxyOptions) {
    this.#options = options;
    this.#proxy.on('proxyRes', (answer) => {
      // They describe the connection between us and Node-RED.
      delete answer.headers['keep-alive'];
      delete answer.headers.connection;
    });
  }

  handles(request: IncomingMessage): boolean {
    return instanceNameOf(request, this.#options.domain()) !== null;
  }

  request(request: IncomingMessage, response: ServerResponse): void {
    this.#serve(request, response).catch((error) => {
      this.#options.logger.error(
        { err: error, host: request.headers.host },
        'a request could not be proxied',
      );
      send(response, brokenAnswer());
    });
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    this.#serveUpgrade(request, socket, head).catch((error) => {
      this.#options.logger.warn(
        { err: error, host: request.headers.host },
        'a WebSocket could not be proxied',
      );
      refuse(socket, '502 Bad Gateway');
    });
  }

  close(): void {
    this.#agent.destroy();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const instance = await this.#find(request);
    if (!instance) {
      send(response, unknownAnswer(request, this.#options.pageUrl()));
      return;
    }
    if (pathOf(request) === CALLBACK_PATH) {
      await this.#completeSignIn(request, response, instance);
      return;
    }
    const identity = await this.#identify(request, instance);
    if (identity === null && !(await this.#admit(request, response, instance))) {
      return;
    }
    try {
      const way = await this.#wayTo(instance);
      if (way === null) {
        this.#sendAway(request, response, instance, identity);
        return;
      }
      this.#prepare(request, identity);
      await this.#proxy.web(request, response, { ...way, proxyTimeout: ANSWER_TIMEOUT_MS });
    } catch (error) {
      this.#options.logger.debug({ err: error, instanceId: instance.id }, 'an instance did not answer');
      this.#sendAway(request, response, instance, identity, error);
    }
  }

  /** Whether somebody without an editor session may go on; if not, they have their answer. */
  async #admit(
    request: IncomingMessage,
    response: ServerResponse,
    instance: ProxiedInstance,
  ): Promise<boolean> {
    const { pages } = this.#options;
    const path = pathOf(request);
    if (await pages.hasEditor(instance)) {
      if (isNavigation(request) && path === '/') {
        this.#beginSignIn(request, response, instance, 'editor');
        return false;
      }
      if (EMERGENCY_SIGN_IN.test(path)) {
        send(response, unknownAnswer(request, this.#options.pageUrl()));
        return false;
      }
    }
    const verdict = await pages.decide(request, instance, isFromOwnPages(request));
    if (verdict.kind === 'sign-in' && isNavigation(request)) {
      this.#beginSignIn(request, response, instance, 'page');
      return false;
    }
    if (verdict.kind !== 'pass') {
      send(response, refusedAnswer(request, instance.name, verdict));
      return false;
    }
    spend(request, verdict);
    return true;
  }

  #beginSignIn(
    request: IncomingMessage,
    response: ServerResponse,
    instance: ProxiedInstance,
    scope: 'editor' | 'page',
  ): void {
    const { location, cookie } = this.#options.signIn.begin(request, instance, scope);
    response.writeHead(302, { location, 'set-cookie': cookie, 'cache-control': 'no-store' }).end();
  }

  async #serveUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const instance = await this.#find(request);
    if (!instance) {
      refuse(socket, '404 Not Found');
      return;
    }
    const person = await this.#identify(request, instance);
    if (person === null) {
      const verdict = await this.#options.pages.decide(request, instance, isFromOwnPages(request));
      if (verdict.kind !== 'pass') {
        refuse(socket, verdict.kind === 'wait' ? '429 Too Many Requests' : '401 Unauthorized');
        return;
      }
      spend(request, verdict);
    }
    const identity = pathOf(request) === EDITOR_SOCKET ? person : null;
    const way = await this.#wayTo(instance).catch(() => null);
    if (way === null) {
      refuse(socket, '503 Service Unavailable');
      return;
    }
    if (identity !== null) {
      // The editor connects again, with the rights that its person has then.
      socket.once(
        'close',
        this.#options.signIn.watch(request, instance, () => socket.destroy()),
      );
      if (instance.kind === 'device') {
        socket.once('close', this.#options.devices.editorOpened(instance.id, identity));
      }
    }
    this.#prepare(request, identity);
    const { target, agent } = way;
    const options = {
      target,
      // A connection of its own; those to a device are made by its agent.
      ...(instance.kind === 'device' && { agent }),
      upgradeTimeout: UPGRADE_TIMEOUT_MS,
    };
    await this.#proxy.ws(request, socket as Socket, options, head);
  }

  /** What leads to the Node-RED of an instance or device; null for an instance that is away. */
  async #wayTo(instance: ProxiedInstance): Promise<Way | null> {
    if (instance.kind === 'device') {
      const agent = await this.#options.devices.agentTo(instance.id);
      // Where the device connects to is its own affair: host and port only name the kept connections.
      return { target: { host: instance.id, port: 80, protocol: 'http:' }, agent };
    }
    const address = this.#options.driver.address(instance.id);
    return address && { target: { ...address, protocol: 'http:' }, agent: this.#agent };
  }

  async #find(request: IncomingMessage): Promise<ProxiedInstance | null> {
    const name = instanceNameOf(request, this.#options.domain());
    return name === null || name === '' ? null : this.#options.signIn.findInstance(name);
  }

  /** Only for requests of the instance's own pages: another origin must not act with this person's rights. */
  async #identify(request: IncomingMessage, instance: ProxiedInstance): Promise<string | null> {
    return isFromOwnPages(request) ? this.#options.signIn.identify(request, instance) : null;
  }

  /** Makes of the browser's request the one that Node-RED sees. */
  #prepare(request: IncomingMessage, identity: string | null): void {
    const { isTrustedProxy = () => false } = this.#options;
    const { headers } = request;
    delete headers[IDENTITY_HEADER];
    if (identity !== null) {
      headers[IDENTITY_HEADER] = identity;
    }
    stripCookies(headers);
    Object.assign(headers, forwardedHeaders(request, isTrustedProxy(request.socket.remoteAddress ?? '')));
  }

  async #completeSignIn(
    request: IncomingMessage,
    response: ServerResponse,
    instance: ProxiedInstance,
  ): Promise<void> {
    const completed = await this.#options.signIn.complete(request, instance);
    if (!completed) {
      send(response, failedSignInAnswer(instance.name));
      return;
    }
    const { location, cookies } = completed;
    response.writeHead(302, { location, 'set-cookie': cookies, 'cache-control': 'no-store' }).end();
  }

  #sendAway(
    request: IncomingMessage,
    response: ServerResponse,
    instance: ProxiedInstance,
    identity: string | null,
    error?: unknown,
  ): void {
    if (instance.kind === 'device') {
      const away = error instanceof DeviceAway ? error : new DeviceAway('away');
      const device = { name: instance.name, pageUrl: `${this.#options.pageUrl()}/devices/${instance.id}` };
      send(response, deviceAwayAnswer(request, device, away));
      return;
    }
    const state = this.#options.stateOf(instance.id);
    const status = state?.status ?? 'stopped';
    // The reason quotes the log, which is not for everybody who finds the address.
    const reason = identity === null ? null : (state?.reason ?? null);
    send(
      response,
      awayAnswer(request, { name: instance.name, status, reason, pageUrl: this.#options.pageUrl() }),
    );
  }
}

/** What let somebody in is not for flows to see. */
function spend(request: IncomingMessage, verdict: Extract<PageVerdict, { kind: 'pass' }>): void {
  if (verdict.spent) {
    delete request.headers.authorization;
  }
}

function send(response: ServerResponse, answer: Answer): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(answer.status, answer.headers).end(answer.body);
}

function refuse(socket: Duplex, status: string): void {
  if (!socket.destroyed) {
    socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  }
}
