import type { Logger } from 'pino';
import type { ProxiedInstance } from '../../proxy/editor-sign-in.ts';
import type { Changes } from '../../relay/changes.ts';
import type { OAuthService } from './service.ts';

interface Parts {
  changes: Changes;
  oauthOf: (instance: ProxiedInstance) => OAuthService;
  logger: Logger;
}

interface Watched {
  token: string;
  instance: ProxiedInstance;
  /** In which it was opened; unknown until it was looked up. */
  role: Promise<string | null>;
  onEnd: () => void;
}

/** Open connections of editors, which end when rights change. */
export class EditorWatch {
  readonly #parts: Parts;
  readonly #watched = new Set<Watched>();

  constructor(parts: Parts) {
    this.#parts = parts;
    parts.changes.on('access', () => void this.#recheck());
  }

  add(token: string, instance: ProxiedInstance, onEnd: () => void): () => void {
    const role = this.#parts
      .oauthOf(instance)
      .roleOf(token, instance.id)
      .catch(() => null);
    const watched = { token, instance, role, onEnd };
    this.#watched.add(watched);
    return () => this.#watched.delete(watched);
  }

  async #recheck(): Promise<void> {
    for (const watched of [...this.#watched]) {
      try {
        const oauth = this.#parts.oauthOf(watched.instance);
        const role = await oauth.roleOf(watched.token, watched.instance.id);
        if (role === null || role !== (await watched.role)) {
          this.#end(watched);
          if (role === null) {
            await oauth.end(watched.token);
          }
        }
      } catch (error) {
        // Not knowing is no reason to let somebody in.
        this.#parts.logger.warn({ err: error }, 'the rights of an open editor could not be read');
        this.#end(watched);
      }
    }
  }

  #end(watched: Watched): void {
    if (this.#watched.delete(watched)) {
      watched.onEnd();
    }
  }
}
