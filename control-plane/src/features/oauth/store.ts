import type { Knex } from 'knex';

/** What somebody signed in for: `editor` includes the pages, `page` only them. */
export type SignInScope = 'editor' | 'page';

export interface CodeRow {
  userId: string;
  sessionId: string;
  subjectId: string;
  redirectUri: string;
  codeChallenge: string;
  scope: SignInScope;
  expiresAt: string;
}

export interface EditorSessionRow {
  userId: string;
  username: string;
  name: string;
  subjectId: string;
  scope: SignInScope;
  expiresAt: string;
}

const NAMES = {
  instance: { codes: 'oauth_codes', sessions: 'editor_sessions', subject: 'instance_id' },
  device: { codes: 'device_oauth_codes', sessions: 'device_editor_sessions', subject: 'device_id' },
} as const;

/** Sign-in codes and sessions of the editors of hosted instances, or of devices. */
export class OAuthStore {
  readonly #knex: Knex;
  readonly #names: { codes: string; sessions: string; subject: string };

  /** @param kind whose editors and pages they are for */
  constructor(knex: Knex, kind: 'instance' | 'device') {
    this.#knex = knex;
    this.#names = NAMES[kind];
  }

  async insertCode(codeHash: string, code: CodeRow): Promise<void> {
    await this.#knex(this.#names.codes).insert({
      code_hash: codeHash,
      user_id: code.userId,
      session_id: code.sessionId,
      [this.#names.subject]: code.subjectId,
      redirect_uri: code.redirectUri,
      code_challenge: code.codeChallenge,
      scope: code.scope,
      expires_at: code.expiresAt,
    });
  }

  /** Takes a code out: it works once. */
  async takeCode(codeHash: string): Promise<CodeRow | null> {
    const row: CodeRow | undefined = await this.#knex(this.#names.codes)
      .where({ code_hash: codeHash })
      .first({
        userId: 'user_id',
        sessionId: 'session_id',
        subjectId: this.#names.subject,
        redirectUri: 'redirect_uri',
        codeChallenge: 'code_challenge',
        scope: 'scope',
        expiresAt: 'expires_at',
      });
    const deleted = await this.#knex(this.#names.codes).where({ code_hash: codeHash }).delete();
    return row !== undefined && deleted === 1 ? row : null;
  }

  async insertEditorSession(session: {
    tokenHash: string;
    userId: string;
    sessionId: string;
    subjectId: string;
    scope: SignInScope;
    expiresAt: string;
  }): Promise<void> {
    await this.#knex(this.#names.sessions).insert({
      token_hash: session.tokenHash,
      user_id: session.userId,
      session_id: session.sessionId,
      [this.#names.subject]: session.subjectId,
      scope: session.scope,
      expires_at: session.expiresAt,
    });
  }

  async editorSessionsOf(
    userId: string,
  ): Promise<Array<{ tokenHash: string; subjectId: string; scope: SignInScope }>> {
    return this.#knex(this.#names.sessions)
      .where({ user_id: userId })
      .select({ tokenHash: 'token_hash', subjectId: this.#names.subject, scope: 'scope' });
  }

  async deleteEditorSession(tokenHash: string): Promise<void> {
    await this.#knex(this.#names.sessions).where({ token_hash: tokenHash }).delete();
  }

  async findEditorSession(tokenHash: string): Promise<EditorSessionRow | null> {
    const row = await this.#knex(`${this.#names.sessions} as e`)
      .join('users as u', 'u.id', 'e.user_id')
      .where({ 'e.token_hash': tokenHash, 'u.suspended': false })
      .first<EditorSessionRow>({
        userId: 'e.user_id',
        username: 'u.username',
        name: 'u.name',
        subjectId: `e.${this.#names.subject}`,
        scope: 'e.scope',
        expiresAt: 'e.expires_at',
      });
    return row ?? null;
  }
}
