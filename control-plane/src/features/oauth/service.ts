import { createHash } from 'node:crypto';
import { type AuthorizeQuery, type EditorIdentity, type Role, roleMay } from '@flowyard/protocol';
import { auditActor, type UserActor } from '../../access/actor.ts';
import type { Access } from '../../access/authorize.ts';
import type { Database } from '../../db/database.ts';
import type { Stores } from '../../db/stores.ts';
import { AppError, invalid } from '../../errors.ts';
import type { Changes } from '../../relay/changes.ts';
import { hashToken, newToken } from '../../secrets/tokens.ts';
import type { Vault } from '../../secrets/vault.ts';
import { instanceSettings } from '../settings/levels.ts';
import type { UserRow } from '../users/store.ts';
import type { OAuthStore, SignInScope } from './store.ts';

const CODE_SECONDS = 60;
const EDITOR_HOURS = 12;
/** An identity is signed for so long, and reused for half of it. */
const IDENTITY_SECONDS = 300;
const PAGE_CACHE_MS = 10_000;
const MAX_CACHED = 10_000;

const PERMISSION = {
  instance: { editor: 'instance:open-editor', page: 'instance:open-page' },
  device: { editor: 'device:open-editor', page: 'device:open-page' },
} as const;

export const EDITOR_SESSION_SECONDS = EDITOR_HOURS * 3600;

interface Parts {
  db: Database;
  vault: Vault;
  access: Access;
  changes: Changes;
  redirectUriOf: (host: string) => string;
  /** Whose editors and pages they are. */
  kind: 'instance' | 'device';
}

/** What an editor belongs to. */
interface Subject {
  id: string;
  name: string;
  /** The host name in front of the domain. */
  host: string;
  teamId: string;
  applicationId: string | null;
  /** By how much its clock is ahead of ours. */
  clockSkewMs: number;
  /** Whether flows change only through a pipeline: everybody opens its editor to read. */
  isProtected: boolean;
}

/** Sign-in to editors: OAuth 2 code flow with PKCE, in which the proxy of the host of an instance or device is the client. */
export class OAuthService {
  readonly #parts: Parts;
  readonly #identities = new Map<string, { signed: string | null; until: number }>();
  readonly #pageSessions = new Map<string, { may: boolean; until: number }>();

  constructor(parts: Parts) {
    this.#parts = parts;
    parts.changes.on('access', ({ userId }) => {
      this.#identities.clear();
      this.#pageSessions.clear();
      if (userId !== null) {
        // What this misses is found when the session is used.
        void this.#endForbidden(userId).catch(() => undefined);
      }
    });
  }

  /** A code for the editor or the pages of an instance, for somebody who may open them. */
  async authorize(actor: UserActor, query: AuthorizeQuery): Promise<string> {
    const { access, kind } = this.#parts;
    await access.authorize(actor, PERMISSION[kind][query.scope], kind, query.client_id);
    const subject = await this.#subject(this.#parts.db.stores, query.client_id);
    if (subject === null || query.redirect_uri !== this.#parts.redirectUriOf(subject.host)) {
      throw invalid('redirect_uri', `is not the callback of this ${kind}`);
    }
    if (actor.sessionId === null) {
      throw new AppError(403, 'forbidden', 'Editors are opened by people who are signed in on the page.');
    }
    const code = newToken('code');
    await this.#store(this.#parts.db.stores).insertCode(hashToken(code), {
      userId: actor.userId,
      sessionId: actor.sessionId,
      subjectId: subject.id,
      redirectUri: query.redirect_uri,
      codeChallenge: query.code_challenge,
      scope: query.scope,
      expiresAt: new Date(Date.now() + CODE_SECONDS * 1000).toISOString(),
    });
    return code;
  }

  /** Changes a code into the token of an editor session. */
  async exchange(input: {
    clientId: string;
    code: string;
    redirectUri: string;
    verifier: string;
  }): Promise<string> {
    return this.#parts.db.transact(async (tx) => {
      const code = await this.#store(tx.stores).takeCode(hashToken(input.code));
      const challenge = createHash('sha256').update(input.verifier).digest('base64url');
      const fits =
        code !== null &&
        code.subjectId === input.clientId &&
        code.redirectUri === input.redirectUri &&
        code.codeChallenge === challenge &&
        code.expiresAt > new Date().toISOString();
      if (!fits) {
        throw new AppError(
          401,
          'unauthenticated',
          'This sign-in code is not valid any more. Open the editor again.',
        );
      }
      const token = newToken('editor');
      await this.#store(tx.stores).insertEditorSession({
        tokenHash: hashToken(token),
        userId: code.userId,
        sessionId: code.sessionId,
        subjectId: code.subjectId,
        scope: code.scope,
        expiresAt: new Date(Date.now() + EDITOR_SESSION_SECONDS * 1000).toISOString(),
      });
      const subject = await this.#subject(tx.stores, code.subjectId);
      const user = await tx.stores.users.find(code.userId);
      if (subject !== null && user !== null) {
        await tx.audit({
          event: code.scope === 'page' ? 'http-page.opened' : 'editor.opened',
          actor: {
            ...auditActor({ kind: 'system' }),
            kind: 'user',
            id: user.id,
            name: user.username,
            via: 'editor',
          },
          teamId: subject.teamId,
          applicationId: subject.applicationId,
          subject: { kind: this.#parts.kind, id: subject.id, name: subject.name },
        });
      }
      return token;
    });
  }

  /** The signed identity behind an editor session; null when it has ended or the person may not open the editor now. */
  async identify(token: string, subjectId: string): Promise<string | null> {
    const key = `${subjectId} ${hashToken(token)}`;
    const cached = this.#identities.get(key);
    if (cached !== undefined && cached.until > Date.now()) {
      return cached.signed;
    }
    const identity = await this.#readIdentity(token, subjectId);
    const signed = identity && this.#parts.vault.signIdentity(identity);
    if (this.#identities.size >= MAX_CACHED) {
      this.#identities.clear();
    }
    this.#identities.set(key, {
      signed,
      until: Date.now() + (signed === null ? 1000 : (IDENTITY_SECONDS / 2) * 1000),
    });
    return signed;
  }

  /** In which role the person of an editor session may open the editor now; null when not at all. */
  async roleOf(token: string, subjectId: string): Promise<Role | null> {
    return (await this.#readIdentity(token, subjectId))?.role ?? null;
  }

  /** Ends an editor session for good: whoever may open the editor again signs in again. */
  async end(token: string): Promise<void> {
    await this.#store(this.#parts.db.stores).deleteEditorSession(hashToken(token));
  }

  /** Ends the sessions of a person whose roles do not even allow the pages of the instance any more. */
  async #endForbidden(userId: string): Promise<void> {
    const { stores } = this.#parts.db;
    const user = await stores.users.find(userId);
    for (const { tokenHash, subjectId } of await this.#store(stores).editorSessionsOf(userId)) {
      if (user === null || (await this.#roleIn(user, subjectId, 'page')) === null) {
        await this.#store(stores).deleteEditorSession(tokenHash);
      }
    }
  }

  /** Whether the person behind a session may open the HTTP pages of the instance now. */
  async mayOpenPages(token: string, subjectId: string): Promise<boolean> {
    const key = `${subjectId} ${hashToken(token)}`;
    const cached = this.#pageSessions.get(key);
    if (cached !== undefined && cached.until > Date.now()) {
      return cached.may;
    }
    const person = await this.#personOf(token, subjectId, 'page');
    const may = person !== null && (await this.#roleIn(person, subjectId, 'page')) !== null;
    if (this.#pageSessions.size >= MAX_CACHED) {
      this.#pageSessions.clear();
    }
    this.#pageSessions.set(key, { may, until: Date.now() + (may ? PAGE_CACHE_MS : 1000) });
    return may;
  }

  #store(stores: Stores): OAuthStore {
    return this.#parts.kind === 'instance' ? stores.oauth : stores.deviceOauth;
  }

  async #subject(stores: Stores, id: string): Promise<Subject | null> {
    if (this.#parts.kind === 'instance') {
      const instance = await stores.instances.find(id);
      if (instance === null) {
        return null;
      }
      const isProtected = (await instanceSettings(stores, instance))['editor.protected'];
      return { ...instance, host: instance.name, clockSkewMs: 0, isProtected };
    }
    const device = await stores.devices.find(id);
    return device && { ...device, host: device.id, clockSkewMs: device.clockSkewMs ?? 0, isProtected: false };
  }

  /** Who signed in for that. What opens the editor opens pages as well. */
  async #personOf(token: string, subjectId: string, scope: SignInScope): Promise<UserRow | null> {
    const { stores } = this.#parts.db;
    const session = await this.#store(stores).findEditorSession(hashToken(token));
    const isValid =
      session !== null &&
      session.subjectId === subjectId &&
      (session.scope === 'editor' || scope === 'page') &&
      session.expiresAt >= new Date().toISOString();
    return isValid ? stores.users.find(session.userId) : null;
  }

  async #readIdentity(token: string, subjectId: string): Promise<EditorIdentity | null> {
    const user = await this.#personOf(token, subjectId, 'editor');
    const role = user && (await this.#roleIn(user, subjectId, 'editor'));
    const subject = role === null ? null : await this.#subject(this.#parts.db.stores, subjectId);
    return user === null || role === null || subject === null
      ? null
      : {
          userId: user.id,
          username: user.username,
          name: user.name,
          role: subject.isProtected ? 'viewer' : role,
          instanceId: subjectId,
          // By the clock of whoever checks it.
          expires: Math.floor((Date.now() + subject.clockSkewMs) / 1000) + IDENTITY_SECONDS,
        };
  }

  async #roleIn(user: UserRow, subjectId: string, scope: SignInScope): Promise<Role | null> {
    const actor: UserActor = {
      kind: 'user',
      userId: user.id,
      username: user.username,
      name: user.name,
      admin: user.admin,
      via: 'page',
      sessionId: null,
      onlyTeamId: null,
      onlyApplicationId: null,
      readOnly: false,
    };
    try {
      const { access, kind } = this.#parts;
      const permission = PERMISSION[kind][scope];
      const { role } = await access.authorize(actor, permission, kind, subjectId);
      return role !== null && role !== 'none' && roleMay(role, permission) ? role : null;
    } catch (error) {
      if (error instanceof AppError) {
        return null;
      }
      throw error;
    }
  }
}
