import type { PlatformSettings } from '@flowyard/protocol';
import { auditActor, type UserActor } from '../../access/actor.ts';
import type { Database } from '../../db/database.ts';

/** What administrators decide for the whole platform. */
export class PlatformService {
  readonly #db: Database;

  constructor(parts: { db: Database }) {
    this.#db = parts.db;
  }

  settings(): Promise<PlatformSettings> {
    return this.#db.stores.platformSettings.read();
  }

  async update(
    actor: UserActor,
    changes: { [K in keyof PlatformSettings]?: PlatformSettings[K] | undefined },
  ): Promise<PlatformSettings> {
    return this.#db.transact(async (tx) => {
      const before = await tx.stores.platformSettings.read();
      await tx.stores.platformSettings.write(changes);
      await tx.audit({
        event: 'platform.changed',
        actor: auditActor(actor),
        teamId: null,
        applicationId: null,
        subject: { kind: 'platform', id: 'platform', name: 'Platform' },
        details: {
          before: Object.fromEntries(
            Object.keys(changes).map((key) => [key, before[key as keyof PlatformSettings]]),
          ),
          after: changes,
        },
      });
      return tx.stores.platformSettings.read();
    });
  }
}
