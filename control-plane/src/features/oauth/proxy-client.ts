import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Logger } from 'pino';
import type { Database } from '../../db/database.ts';
import { AppError } from '../../errors.ts';
import { readCookie, setCookie } from '../../http/cookies.ts';
import { CALLBACK_PATH, type EditorSignIn, type ProxiedInstance } from '../../proxy/editor-sign-in.ts';
import type { Changes } from '../../relay/changes.ts';
import { EditorWatch } from './editor-watch.ts';
import { EDITOR_SESSION_SECONDS, type OAuthService } from './service.ts';

export const EDITOR_COOKIE = 'flowyard_editor';
const FLOW_COOKIE = 'flowyard_signin';
const FLOW_SECONDS = 600;
const COOKIE_PATH = '/.flowyard';
const NAME_CACHE_MS = 10_000;

interface Parts {
  db: Database;
  changes: Changes;
  oauthOf: (instance: ProxiedInstance) => OAuthService;
  /** The public address of the control plane. */
  publicUrl: () => string;
  logger: Logger;
  redirectUriOf: (host: string) => string;
}

/** The OAuth client of the proxy. It runs in the same process, so it calls the service instead of itself over HTTP. */
export class ProxyClient implements EditorSignIn {
  readonly #parts: Parts;
  readonly #names = new Map<string, { instance: ProxiedInstance | null; until: number }>();

  readonly #watch: EditorWatch;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#watch = new EditorWatch(parts);
    parts.changes.on('change', ({ kind }) => {
      if (kind === 'instance') {
        this.#forgetMissing();
      }
    });
  }

  async findInstance(name: string): Promise<ProxiedInstance | null> {
    const known = this.#names.get(name);
    if (known !== undefined && known.until > Date.now()) {
      return known.instance;
    }
    const instance = await this.#lookUp(name);
    if (this.#names.size > 10_000) {
      this.#names.clear();
    }
    this.#names.set(name, { instance, until: Date.now() + NAME_CACHE_MS });
    return instance;
  }

  /** Identifiers of devices begin with a digit, names of instances with a letter. */
  async #lookUp(host: string): Promise<ProxiedInstance | null> {
    const { stores } = this.#parts.db;
    if (/^[0-9]/.test(host)) {
      const device = await stores.devices.find(host);
      return device && { kind: 'device', id: device.id, name: device.name, host };
    }
    const id = await stores.instances.findIdByName(host);
    return id === null ? null : { kind: 'instance', id, name: host, host };
  }

  async identify(request: IncomingMessage, instance: ProxiedInstance): Promise<string | null> {
    const token = readCookie(request.headers.cookie, EDITOR_COOKIE);
    return token === null ? null : this.#parts.oauthOf(instance).identify(token, instance.id);
  }

  watch(request: IncomingMessage, instance: ProxiedInstance, onEnd: () => void): () => void {
    const token = readCookie(request.headers.cookie, EDITOR_COOKIE) ?? '';
    return this.#watch.add(token, instance, onEnd);
  }

  begin(
    request: IncomingMessage,
    instance: ProxiedInstance,
    scope: 'editor' | 'page',
  ): { location: string; cookie: string } {
    const state = randomBytes(16).toString('base64url');
    const verifier = randomBytes(32).toString('base64url');
    const back = Buffer.from(localPath(request.url)).toString('base64url');
    const location = new URL(`${this.#parts.publicUrl()}/api/v1/oauth/authorize`);
    location.search = new URLSearchParams({
      response_type: 'code',
      client_id: instance.id,
      redirect_uri: this.#parts.redirectUriOf(instance.host),
      state,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      scope,
    }).toString();
    const cookie = this.#cookie(FLOW_COOKIE, `${state}.${verifier}.${back}`, FLOW_SECONDS, COOKIE_PATH);
    return { location: location.href, cookie };
  }

  async complete(
    request: IncomingMessage,
    instance: ProxiedInstance,
  ): Promise<{ location: string; cookies: string[] } | null> {
    const query = new URL(request.url ?? '/', 'http://instance').searchParams;
    const [state, verifier, back] = readCookie(request.headers.cookie, FLOW_COOKIE)?.split('.') ?? [];
    const code = query.get('code');
    if (!state || !verifier || code === null || query.get('state') !== state) {
      return null;
    }
    try {
      const token = await this.#parts.oauthOf(instance).exchange({
        clientId: instance.id,
        code,
        redirectUri: this.#parts.redirectUriOf(instance.host),
        verifier,
      });
      return {
        location: localPath(Buffer.from(back ?? '', 'base64url').toString()),
        cookies: [
          this.#cookie(EDITOR_COOKIE, token, EDITOR_SESSION_SECONDS),
          this.#cookie(FLOW_COOKIE, '', 0, COOKIE_PATH),
        ],
      };
    } catch (error) {
      if (error instanceof AppError) {
        return null;
      }
      throw error;
    }
  }

  #cookie(name: string, value: string, maxAgeSeconds: number, path = '/'): string {
    return setCookie(name, value, {
      secure: this.#parts.publicUrl().startsWith('https:'),
      maxAgeSeconds,
      path,
    });
  }

  /** A name that led nowhere may lead somewhere now, and the other way round. */
  #forgetMissing(): void {
    this.#names.clear();
  }
}

/** A path on the same host; anything that could lead elsewhere becomes the root. */
function localPath(url: string | undefined): string {
  const path = url ?? '/';
  const safe =
    path.startsWith('/') &&
    !path.startsWith('//') &&
    !path.startsWith('/\\') &&
    !path.startsWith(CALLBACK_PATH);
  return safe ? path : '/';
}
