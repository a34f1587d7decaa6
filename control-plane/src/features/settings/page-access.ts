import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { HttpAccess } from '@flowyard/protocol';
import type { Database } from '../../db/database.ts';
import { AppError } from '../../errors.ts';
import { bearerOf } from '../../http/authenticate.ts';
import { readCookie } from '../../http/cookies.ts';
import { SignInLimit } from '../../http/sign-in-limit.ts';
import type { ProxiedInstance } from '../../proxy/editor-sign-in.ts';
import type { PageGate, PageVerdict } from '../../proxy/page-gate.ts';
import type { Changes } from '../../relay/changes.ts';
import { Remembered } from '../../relay/remembered.ts';
import type { Passwords } from '../../secrets/passwords.ts';
import type { HttpTokenService } from '../http-tokens/service.ts';
import { EDITOR_COOKIE } from '../oauth/proxy-client.ts';
import type { OAuthService } from '../oauth/service.ts';
import {
  ownSettings,
  readInstanceTemplate,
  resolveInstanceSettings,
  startedWith,
  valuesOf,
} from './levels.ts';

interface Parts {
  db: Database;
  changes: Changes;
  passwords: Passwords;
  httpTokens: HttpTokenService;
  oauth: OAuthService;
  deviceOauth: OAuthService;
}

interface AccessRule {
  access: HttpAccess;
  user: string | null;
  passwordHash: string | null;
  hasEditor: boolean;
}

const KEEP_MS = 5000;
const MAX_INSTANCES = 10_000;
const MAX_PASSED = 5000;
const PASSED_MS = 5 * 60_000;

/** Lets people and programs into the HTTP pages of instances, by the settings of each. */
export class PageAccess implements PageGate {
  readonly #parts: Parts;
  readonly #rules = new Remembered<AccessRule>({ keepMs: KEEP_MS, maxEntries: MAX_INSTANCES });
  readonly #limit = new SignInLimit();
  /** Passwords that fitted lately: hashing each time would be too slow for pages with many parts. */
  readonly #passed = new Map<string, number>();

  constructor(parts: Parts) {
    this.#parts = parts;
    parts.changes.on('change', ({ kind, id }) => {
      if (kind === 'instance') {
        this.#rules.forget(id);
      }
    });
  }

  async hasEditor(instance: ProxiedInstance): Promise<boolean> {
    return instance.kind === 'device' || ((await this.#rule(instance.id))?.hasEditor ?? true);
  }

  async decide(
    request: IncomingMessage,
    instance: ProxiedInstance,
    isFromOwnPages: boolean,
  ): Promise<PageVerdict> {
    if (instance.kind === 'device') {
      // Only people of the team reach a device through here; what asks on the device itself asks them as well.
      return this.#decideSession(this.#parts.deviceOauth, request, instance, isFromOwnPages);
    }
    const rule = await this.#rule(instance.id);
    switch (rule?.access ?? 'flowyard') {
      case 'none':
        return { kind: 'pass', spent: false };
      case 'basic':
        return this.#decidePassword(request, instance, rule);
      case 'tokens': {
        const token = bearerOf(request);
        const passes = token !== null && (await this.#parts.httpTokens.admits(instance.id, token));
        return passes ? { kind: 'pass', spent: true } : { kind: 'ask', how: 'token' };
      }
      case 'flowyard':
        return this.#decideSession(this.#parts.oauth, request, instance, isFromOwnPages);
    }
  }

  async #decideSession(
    oauth: OAuthService,
    request: IncomingMessage,
    instance: ProxiedInstance,
    isFromOwnPages: boolean,
  ): Promise<PageVerdict> {
    const session = isFromOwnPages ? readCookie(request.headers.cookie, EDITOR_COOKIE) : null;
    const passes = session !== null && (await oauth.mayOpenPages(session, instance.id));
    return passes ? { kind: 'pass', spent: false } : { kind: 'sign-in' };
  }

  async #decidePassword(
    request: IncomingMessage,
    instance: ProxiedInstance,
    rule: AccessRule | null,
  ): Promise<PageVerdict> {
    const given = basicOf(request);
    if (given === null) {
      return { kind: 'ask', how: 'password' };
    }
    const hash = rule?.passwordHash ?? null;
    const key = createHash('sha256')
      .update(JSON.stringify([instance.id, rule?.user, hash, given]))
      .digest('hex');
    if ((this.#passed.get(key) ?? 0) > Date.now()) {
      return { kind: 'pass', spent: true };
    }
    const address = request.socket.remoteAddress ?? '';
    try {
      this.#limit.check(address, instance.id);
      const fits = await this.#parts.passwords.verify(hash, given.password);
      if (!fits || given.user !== rule?.user) {
        return { kind: 'ask', how: 'password' };
      }
    } catch (error) {
      if (error instanceof AppError && error.status === 429) {
        return { kind: 'wait', seconds: Number(error.details?.retryAfterSeconds ?? 5) };
      }
      throw error;
    }
    this.#limit.forget(address, instance.id);
    if (this.#passed.size >= MAX_PASSED) {
      this.#passed.clear();
    }
    this.#passed.set(key, Date.now() + PASSED_MS);
    return { kind: 'pass', spent: true };
  }

  /** Null for an instance that is gone: then nobody gets in. */
  #rule(instanceId: string): Promise<AccessRule | null> {
    return this.#rules.read(instanceId, async () => {
      const { stores } = this.#parts.db;
      const instance = await stores.instances.find(instanceId);
      if (instance === null) {
        return null;
      }
      const template = await readInstanceTemplate(stores, instance);
      const values = valuesOf(resolveInstanceSettings(template, instance, ownSettings(instance)));
      const password: unknown = values['http.basicPassword'];
      const started = startedWith(instance)?.settings['editor.enabled'];
      return {
        access: values['http.access'],
        user: values['http.basicUser'],
        passwordHash: typeof password === 'string' ? password : null,
        hasEditor: (started ?? values['editor.enabled']) !== false,
      };
    });
  }
}

function basicOf(request: IncomingMessage): { user: string; password: string } | null {
  const encoded = /^Basic ([A-Za-z0-9+/]{1,1000}={0,2})$/i.exec(request.headers.authorization ?? '')?.[1];
  if (encoded === undefined) {
    return null;
  }
  const text = Buffer.from(encoded, 'base64').toString();
  const at = text.indexOf(':');
  return at === -1 ? null : { user: text.slice(0, at), password: text.slice(at + 1) };
}
