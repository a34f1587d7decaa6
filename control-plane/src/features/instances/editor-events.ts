import { z } from 'zod';
import { type AuditActor, auditActor, SYSTEM } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import type { InstanceEvent } from '../../drivers/driver.ts';
import type { Changes } from '../../relay/changes.ts';
import { keepLockFile } from '../snapshots/lock-files.ts';
import type { InstanceRow } from './instance-row.ts';

/** A deploy is recorded where the flows are stored; these would say it twice. */
const RECORDED_ELSEWHERE: ReadonlySet<string> = new Set([
  'flows.set',
  'flow.add',
  'flow.update',
  'flow.remove',
]);
const CHANGES_MODULES: ReadonlySet<string> = new Set(['nodes.install', 'nodes.remove']);

const Person = z.looseObject({ userId: z.string().nullish(), username: z.string().nullish() });

interface Parts {
  db: Database;
  changes: Changes;
  readModules: (instanceId: string) => Record<string, string>;
  readLockFile: (instanceId: string) => string | null;
}

/** Keeps what people did in an editor besides deploying: in the audit log, and installed modules with the instance. */
export class EditorEvents {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async record({ instanceId, event, details }: InstanceEvent): Promise<void> {
    if (RECORDED_ELSEWHERE.has(event)) {
      return;
    }
    await this.#parts.db.transact(async (tx) => {
      const row = await tx.stores.instances.find(instanceId);
      if (row === null) {
        return;
      }
      const { userId, username, ...rest } = Person.parse(details);
      await tx.audit({
        event: `editor.${event}`,
        actor: personOf(userId ?? null, username ?? null),
        teamId: row.teamId,
        applicationId: row.applicationId,
        subject: { kind: 'instance', id: row.id, name: row.name },
        details: rest,
      });
      if (CHANGES_MODULES.has(event)) {
        await this.#recordModules(tx, row);
      }
    });
  }

  async #recordModules(tx: Transaction, row: InstanceRow): Promise<void> {
    const installed = this.#parts.readModules(row.id);
    const modules = JSON.stringify(installed);
    if (modules !== row.modules) {
      const { lock } = await keepLockFile(tx, this.#parts.readLockFile(row.id), installed, 'instance');
      await tx.stores.instances.setPalette(row.id, { modules, lockDigest: lock });
      tx.announce({ kind: 'instance', id: row.id, teamId: row.teamId, applicationId: row.applicationId });
      // The driver takes note of what is installed now.
      tx.afterCommit(() => this.#parts.changes.emit('instance', { instanceId: row.id }));
    }
  }
}

function personOf(userId: string | null, username: string | null): AuditActor {
  return userId === null || username === null
    ? auditActor(SYSTEM)
    : { kind: 'user', id: userId, name: username, via: 'editor' };
}
