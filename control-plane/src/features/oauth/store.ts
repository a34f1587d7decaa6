import type { Knex } from 'knex';

export interface CodeRow {
  userId: string;
  sessionId: string;
  instanceId: string;
  redirectUri: string;
  codeChallenge: string;
  scope: 'editor' | 'page';
  expiresAt: string;
}

export interface EditorSessionRow {
  userId: string;
  username: string;
  name: string;
  instanceId: string;
  expiresAt: string;
}

export class OAuthStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  async insertCode(codeHash: string, code: CodeRow): Promise<void> {
    await this.#knex('oauth_codes').insert({
      code_hash: codeHash,
      user_id: code.userId,
      session_id: code.sessionId,
      instance_id: code.instanceId,
      redirect_uri: code.redirectUri,
      code_challenge: code.codeChallenge,
      scope: code.scope,
      expires_at: code.expiresAt,
    });
  }

  /** Takes a code out: it works once. */
  async takeCode(codeHash: string): Promise<CodeRow | null> {
    const row: CodeRow | undefined = await this.#knex('oauth_codes').where({ code_hash: codeHash }).first({
      userId: 'user_id',
      sessionId: 'session_id',
      instanceId: 'instance_id',
      redirectUri: 'redirect_uri',
      codeChallenge: 'code_challenge',
      scope: 'scope',
      expiresAt: 'expires_at',
    });
    const deleted = await this.#knex('oauth_codes').where({ code_hash: codeHash }).delete();
    return row !== undefined && deleted === 1 ? row : null;
  }

  async insertEditorSession(session: {
    tokenHash: string;
    userId: string;
    sessionId: string;
    instanceId: string;
    expiresAt: string;
  }): Promise<void> {
    await this.#knex('editor_sessions').insert({
      token_hash: session.tokenHash,
      user_id: session.userId,
      session_id: session.sessionId,
      instance_id: session.instanceId,
      expires_at: session.expiresAt,
    });
  }

  async editorSessionsOf(userId: string): Promise<Array<{ tokenHash: string; instanceId: string }>> {
    return this.#knex('editor_sessions')
      .where({ user_id: userId })
      .select<Array<{ tokenHash: string; instanceId: string }>>({
        tokenHash: 'token_hash',
        instanceId: 'instance_id',
      });
  }

  async deleteEditorSession(tokenHash: string): Promise<void> {
    await this.#knex('editor_sessions').where({ token_hash: tokenHash }).delete();
  }

  async findEditorSession(tokenHash: string): Promise<EditorSessionRow | null> {
    const row = await this.#knex('editor_sessions as e')
      .join('users as u', 'u.id', 'e.user_id')
      .where({ 'e.token_hash': tokenHash, 'u.suspended': false })
      .first<EditorSessionRow>({
        userId: 'e.user_id',
        username: 'u.username',
        name: 'u.name',
        instanceId: 'e.instance_id',
        expiresAt: 'e.expires_at',
      });
    return row ?? null;
  }
}
