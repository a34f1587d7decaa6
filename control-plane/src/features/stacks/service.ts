import type { AuditEventName, ListQuery, Page, StackView } from '@flowyard/protocol';
import type { Logger } from 'pino';
import { type Actor, auditActor } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import type { StackLocation, WarmStack } from '../../drivers/driver.ts';
import type { StackInstaller } from '../../drivers/local/stacks.ts';
import { conflict, countAll, notFound } from '../../errors.ts';
import type { Changes } from '../../relay/changes.ts';
import type { NotificationService } from '../notifications/notification-service.ts';
import type { StackRow } from './store.ts';

const DEFAULT_MEMORY_MB = 512;

interface Parts {
  db: Database;
  changes: Changes;
  installer: StackInstaller;
  notifications: NotificationService;
  logger: Logger;
}

const STOPPED = 'The server was stopped during the installation. Try it again, or remove it.';

/** Versions of Node-RED: which there are, and installing them. */
export class StackService {
  readonly #parts: Parts;
  readonly #installing = new Map<string, { abort: AbortController; ended: Promise<void> }>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async get(id: string): Promise<StackRow> {
    const stack = await this.#parts.db.stores.catalogue.findStack(id);
    if (stack === null) {
      throw notFound('stack');
    }
    return stack;
  }

  list(query: ListQuery): Promise<Page<StackRow>> {
    return this.#parts.db.stores.catalogue.listStacks(query);
  }

  /** Where a stack is; null when it is not installed. */
  async locate(id: string): Promise<StackLocation | null> {
    const stack = await this.#parts.db.stores.catalogue.findStack(id);
    return stack?.state === 'ready' ? this.#parts.installer.locate(stack) : null;
  }

  /** The default stack and those in use. */
  async warmStacks(): Promise<WarmStack[]> {
    const { catalogue, instanceTypes } = this.#parts.db.stores;
    const memoryMb = (await instanceTypes.find(undefined))?.memoryMb ?? DEFAULT_MEMORY_MB;
    const stacks = await catalogue.allStacks();
    return stacks
      .filter((stack) => stack.state === 'ready' && (stack.default || stack.instances > 0))
      .map((stack) => this.#parts.installer.locate(stack))
      .filter((location) => location !== null)
      .map((location) => ({ ...location, memoryMb }));
  }

  /** Starts an installation; its progress is announced. */
  async install(actor: Actor, id: string): Promise<StackRow> {
    const stack = await this.get(id);
    if (stack.state === 'ready') {
      throw conflict('already_installed', `The stack ${stack.name} is installed.`);
    }
    if (this.#installing.has(id)) {
      return stack;
    }
    const abort = new AbortController();
    const begun = this.#begin(actor, stack);
    const ended = begun
      .then(() => this.#install(stack, abort.signal))
      .catch(() => undefined)
      .finally(() => this.#installing.delete(id));
    this.#installing.set(id, { abort, ended });
    await begun;
    return this.get(id);
  }

  async #begin(actor: Actor, { id, name }: StackRow): Promise<void> {
    await this.#parts.db.transact(async (tx) => {
      await tx.stores.catalogue.updateStack(id, {
        state: 'installing',
        detail: 'Waiting for npm',
        progress: 0,
      });
      await recordStack(tx, actor, 'stack.install-asked', { id, name });
    });
  }

  /** Ends an installation that is under way, removes the files, and leaves the stack in the list. */
  async remove(actor: Actor, id: string): Promise<StackRow> {
    const stack = await this.get(id);
    refuseInUse(stack);
    const installing = this.#installing.get(id);
    installing?.abort.abort(new Error('It was removed.'));
    await installing?.ended;
    await this.#parts.db.transact(async (tx) => {
      // Looked at again with what was committed meanwhile: an instance may have been made.
      const now = await tx.stores.catalogue.findStack(id);
      refuseInUse(now ?? stack);
      await tx.stores.catalogue.updateStack(id, { state: 'absent', detail: null, progress: null });
      await recordStack(tx, actor, 'stack.removed', stack);
    });
    await this.#parts.installer.remove(stack);
    return this.get(id);
  }

  /** After a start: installations that were under way are over, and what says ready must be there. */
  async recover(): Promise<void> {
    for (const stack of await this.#parts.db.stores.catalogue.allStacks()) {
      if (stack.state === 'installing' || stack.state === 'testing') {
        // What has its place was installed and tried; only the word for it is missing.
        const isThere = this.#parts.installer.locate(stack) !== null;
        await this.#set(stack.id, isThere ? 'ready' : 'failed', isThere ? null : STOPPED, null);
      } else if (stack.state === 'ready' && this.#parts.installer.locate(stack) === null) {
        await this.#set(stack.id, 'absent', 'Its files are gone. Install it again.', null);
      }
    }
  }

  /** Ends installations that are under way; they can be tried again. */
  async stop(): Promise<void> {
    const installing = [...this.#installing.values()];
    for (const { abort } of installing) {
      abort.abort(new Error(STOPPED));
    }
    await Promise.all(installing.map(({ ended }) => ended));
  }

  async #install(stack: StackRow, signal: AbortSignal): Promise<void> {
    // One after the other: no step may be stored after the outcome.
    let stored = Promise.resolve();
    try {
      await this.#parts.installer.install(stack, {
        signal,
        onProgress: ({ step, progress }) => {
          stored = stored
            .then(() => this.#set(stack.id, 'installing', step, progress))
            .catch(() => undefined);
        },
      });
      await stored;
      await this.#set(stack.id, 'ready', null, null);
    } catch (error) {
      await stored;
      this.#parts.logger.warn({ err: error, stack: stack.name }, 'stack was not installed');
      const { message } = (signal.aborted ? signal.reason : error) as Error;
      await this.#set(stack.id, 'failed', message, null)
        .then(() => (signal.aborted ? undefined : this.#tell(stack, message)))
        .catch(() => undefined);
    }
  }

  async #tell({ id, name }: StackRow, message: string): Promise<void> {
    await this.#parts.db.transact((tx) =>
      this.#parts.notifications.raise(tx, {
        kind: 'stack.failed',
        teamId: null,
        applicationId: null,
        subject: { kind: 'stack', id, name },
        text: `The stack could not be installed.\n${message}`,
      }),
    );
  }

  async #set(
    id: string,
    state: StackRow['state'],
    detail: string | null,
    progress: number | null,
  ): Promise<void> {
    await this.#parts.db.stores.catalogue.updateStack(id, { state, detail, progress });
    this.#parts.changes.entity({ kind: 'stack', id, teamId: null, applicationId: null });
  }
}

/** @throws AppError 409 when the files of a stack must stay */
export function refuseInUse(stack: StackRow): void {
  if (stack.bundled) {
    throw conflict(
      'bundled',
      `${stack.name} came with the control plane; it stays. You can stop offering it instead.`,
    );
  }
  if (stack.default) {
    throw conflict('is_default', `${stack.name} is the default. Make another stack the default first.`);
  }
  if (stack.moving > 0) {
    throw conflict(
      'in_use',
      `An instance is being moved to or from ${stack.name}. Wait until that is through.`,
    );
  }
  if (stack.instances > 0) {
    throw conflict(
      'in_use',
      `${stack.name} is used by ${countAll({ instance: stack.instances })}. Move them to another stack first, or only stop offering it.`,
      { instances: stack.instances },
    );
  }
}

export async function recordStack(
  tx: Transaction,
  actor: Actor,
  event: AuditEventName,
  { id, name }: Pick<StackRow, 'id' | 'name'>,
  details?: Record<string, unknown>,
): Promise<void> {
  await tx.audit({
    event,
    actor: auditActor(actor),
    teamId: null,
    applicationId: null,
    subject: { kind: 'stack', id, name },
    ...(details && { details }),
  });
  tx.announce({ kind: 'stack', id, teamId: null, applicationId: null });
}

export function presentStack(row: StackRow): StackView {
  return {
    id: row.id,
    name: row.name,
    nodeRed: row.nodeRed,
    nodeJs: row.nodeJs ?? process.versions.node,
    state: row.state,
    detail: row.detail,
    progress: row.progress,
    default: row.default,
    active: row.active,
    bundled: row.bundled,
    replacedBy:
      row.replacedById !== null && row.replacedByName !== null
        ? { id: row.replacedById, name: row.replacedByName }
        : null,
    instances: row.instances,
  };
}
