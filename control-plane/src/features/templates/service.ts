import type {
  DriftView,
  ListQuery,
  Page,
  TemplateContentInput,
  TemplateDetail,
  TemplateVersionView,
} from '@flowyard/protocol';
import { auditActor, type UserActor } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import type { Stores } from '../../db/stores.ts';
import { conflict, invalid, notFound } from '../../errors.ts';
import { newId } from '../../ids.ts';
import type { Changes } from '../../relay/changes.ts';
import { changedKeys, type Sealers, type StoredSettings, sealSettings } from '../settings/stored-settings.ts';
import { changedNames } from '../variables/variable-input.ts';
import { EMPTY_TEMPLATE, readTemplateContent, type TemplateContent } from './content.ts';
import { refuseForInstances, refuseImpossible, showContent, toStoredContent } from './content-input.ts';
import { driftOf } from './drift.ts';
import type { TemplateRow } from './store.ts';

interface Parts extends Sealers {
  db: Database;
  changes: Changes;
}

interface TemplateChanges {
  name?: string | undefined;
  description?: string | undefined;
  default?: true | undefined;
  content?: TemplateContentInput | undefined;
  note?: string | undefined;
}

/** Templates: what administrators give to instances, in versions. */
export class TemplateService {
  readonly #parts: Parts;
  readonly #db: Database;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#db = parts.db;
  }

  list(query: ListQuery): Promise<Page<TemplateRow>> {
    return this.#db.stores.templates.list(query);
  }

  async view(id: string): Promise<TemplateDetail> {
    const { stores } = this.#db;
    const template = await requireTemplate(stores, id);
    return { ...template, content: await showContent(stores, await newestContent(stores, id)) };
  }

  async versions(id: string, query: ListQuery): Promise<Page<TemplateVersionView>> {
    await requireTemplate(this.#db.stores, id);
    return this.#db.stores.templates.versions(id, query);
  }

  async create(
    actor: UserActor,
    input: { name: string; description?: string | undefined; content?: TemplateContentInput | undefined },
  ): Promise<TemplateDetail> {
    const id = newId();
    const sealed = await this.#seal(input.content);
    await this.#db.transact(async (tx) => {
      await tx.stores.templates.insert({ id, name: input.name, description: input.description ?? '' });
      const content =
        input.content === undefined
          ? EMPTY_TEMPLATE
          : await toStoredContent(tx.stores, this.#parts.vault, input.content, sealed, EMPTY_TEMPLATE);
      const template = await requireTemplate(tx.stores, id);
      await this.#addVersion(tx, actor, template, content, '');
      await this.#record(tx, actor, 'template.created', template);
    });
    return this.view(id);
  }

  /** All of it or nothing: what does not go with an instance that has the template is refused. */
  async update(actor: UserActor, id: string, changes: TemplateChanges): Promise<TemplateDetail> {
    const sealed = await this.#seal(changes.content);
    await this.#db.transact(async (tx) => {
      await tx.stores.templates.lock(id);
      const before = await requireTemplate(tx.stores, id);
      const name = changes.name ?? before.name;
      const description = changes.description ?? before.description;
      await tx.stores.templates.update(id, { name, description });
      if (changes.default) {
        await tx.stores.templates.makeDefault(id);
      }
      const details: Record<string, unknown> = {
        before: { name: before.name, description: before.description, default: before.default },
        after: { name, description, default: before.default || changes.default === true },
      };
      if (changes.content !== undefined) {
        const old = await newestContent(tx.stores, id);
        const content = await toStoredContent(tx.stores, this.#parts.vault, changes.content, sealed, old);
        if (JSON.stringify(content) !== JSON.stringify(old)) {
          const version = await this.#addVersion(tx, actor, before, content, changes.note ?? '');
          Object.assign(details, { version, ...whatChanged(old, content) });
        }
      }
      await this.#record(tx, actor, 'template.changed', before, details);
    });
    return this.view(id);
  }

  async restore(actor: UserActor, id: string, version: number): Promise<TemplateDetail> {
    await this.#db.transact(async (tx) => {
      await tx.stores.templates.lock(id);
      const template = await requireTemplate(tx.stores, id);
      const older = await tx.stores.templates.findVersion(id, version);
      if (older === null) {
        throw invalid('version', 'is not a version of this template');
      }
      const old = await newestContent(tx.stores, id);
      const content = readTemplateContent(older.content);
      const note = `As version ${version}`;
      const added = await this.#addVersion(tx, actor, template, content, note);
      await this.#record(tx, actor, 'template.changed', template, {
        version: added,
        restored: version,
        ...whatChanged(old, content),
      });
    });
    return this.view(id);
  }

  async delete(actor: UserActor, id: string): Promise<void> {
    await this.#db.transact(async (tx) => {
      await tx.stores.templates.lock(id);
      const template = await requireTemplate(tx.stores, id);
      if (template.default) {
        throw conflict(
          'is_default',
          `${template.name} is the default. Make another template the default first.`,
        );
      }
      if (template.instances > 0) {
        throw conflict(
          'in_use',
          `${template.instances} instances have this template, those in the recycle bin included. Give them another one first.`,
          { instances: template.instances },
        );
      }
      await tx.stores.templates.delete(id);
      await this.#record(tx, actor, 'template.deleted', template);
    });
  }

  /** Instances that differ from their template or run an older version of it, by name. */
  async drift(id: string, query: ListQuery): Promise<Page<DriftView>> {
    const { stores } = this.#db;
    const { version } = await requireTemplate(stores, id);
    const template = { id, version, content: await newestContent(stores, id) };
    const users = await stores.templates.users(id);
    const variables = await stores.templates.variablesOfUsers(id);
    const wanted = (query.search ?? '').toLowerCase();
    const drifting = users
      .filter(({ deletedAt }) => deletedAt === null)
      .map((user) => driftOf(template, user, variables.get(user.id) ?? []))
      .filter((drift) => drift !== null)
      .filter(({ name }) => name.includes(wanted));
    const rest = drifting.filter(({ name }) => query.cursor === undefined || name > query.cursor);
    const items = rest.slice(0, query.limit);
    const nextCursor = rest.length > items.length ? (items.at(-1)?.name ?? null) : null;
    return { items, nextCursor, total: drifting.length };
  }

  async #seal(content: TemplateContentInput | undefined): Promise<StoredSettings> {
    return content === undefined ? {} : sealSettings(content.settings, this.#parts);
  }

  /** Adds a version and tells the instances, whose settings without a restart change at once. */
  async #addVersion(
    tx: Transaction,
    actor: UserActor,
    template: TemplateRow,
    content: TemplateContent,
    note: string,
  ): Promise<number> {
    const version = template.version + 1;
    const users = await tx.stores.templates.users(template.id);
    refuseImpossible(template, content);
    refuseForInstances(template, content, users);
    await this.#keepFirst(tx, template);
    await tx.stores.templates.addVersion(template.id, {
      version,
      content: JSON.stringify(content),
      author: auditActor(actor).name,
      note,
      createdAt: new Date().toISOString(),
    });
    for (const { id, teamId, applicationId } of users) {
      tx.announce({ kind: 'instance', id, teamId, applicationId });
      tx.afterCommit(() => this.#parts.changes.emit('instance', { instanceId: id }));
    }
    return version;
  }

  /** The template that the platform begins with has a first version that was never saved. */
  async #keepFirst(tx: Transaction, { id, version }: TemplateRow): Promise<void> {
    if (version > 0 && (await tx.stores.templates.findVersion(id, version)) === null) {
      await tx.stores.templates.addVersion(id, {
        version,
        content: JSON.stringify(EMPTY_TEMPLATE),
        author: 'Flowyard',
        note: '',
        createdAt: new Date().toISOString(),
      });
    }
  }

  #record(
    tx: Transaction,
    actor: UserActor,
    event: 'template.created' | 'template.changed' | 'template.deleted',
    { id, name }: { id: string; name: string },
    details?: Record<string, unknown>,
  ): Promise<void> {
    return tx.audit({
      event,
      actor: auditActor(actor),
      teamId: null,
      applicationId: null,
      subject: { kind: 'template', id, name },
      ...(details && { details }),
    });
  }
}

async function requireTemplate(stores: Stores, id: string): Promise<TemplateRow> {
  const template = await stores.templates.find(id);
  if (template === null) {
    throw notFound('template');
  }
  return template;
}

async function newestContent(stores: Stores, id: string): Promise<TemplateContent> {
  return readTemplateContent((await stores.templates.newest(id))?.content);
}

function whatChanged(before: TemplateContent, after: TemplateContent): Record<string, unknown> {
  return {
    settings: changedKeys(before.settings, after.settings),
    locked: after.locked,
    variables: changedNames(before.variables, after.variables),
    modules: after.modules,
    flowsChanged: before.flows !== after.flows,
  };
}
