import { randomBytes } from 'node:crypto';
import {
  type AuditEventName,
  type FlowState,
  type InstanceAction,
  type InstanceVariables,
  type InstanceView,
  type ListQuery,
  type Page,
  RESERVED_INSTANCE_NAMES,
  summariseFlows,
  type VariableInput,
} from '@flowyard/protocol';
import { type Actor, auditActor, type SystemActor, type UserActor } from '../../access/actor.ts';
import { type Database, isDuplicate, type Transaction } from '../../db/database.ts';
import { conflict, invalid, notFound } from '../../errors.ts';
import { newId } from '../../ids.ts';
import type { Changes } from '../../relay/changes.ts';
import { Remembered } from '../../relay/remembered.ts';
import type { Vault } from '../../secrets/vault.ts';
import { askedVariables, beginWith } from '../blueprints/begin-with.ts';
import type { NamedFlow } from '../crashes/blamed-flows.ts';
import { refuseDuringChange } from '../instance-changes/service.ts';
import {
  type InstanceTemplate,
  isRestartNeeded,
  ownSettings,
  readInstanceTemplate,
  resolveInstanceSettings,
  resolveInstanceVariables,
  startedWith,
  startFacts,
} from '../settings/levels.ts';
import { settingProblems } from '../settings/service.ts';
import { refuseBeyondLimit } from '../team-types/limits.ts';
import { changedNames, showVariable, toVariables } from '../variables/variable-input.ts';
import { chooseParts } from './choose-parts.ts';
import { type CopyOf, copyContent, copyVariables } from './copy.ts';
import { type ImportedNodeRed, importContent } from './import.ts';
import type { InstanceRow, NewInstance, VariableRow } from './instance-row.ts';
import { presentInstance, type RuntimeFigures } from './presenter.ts';

/** What a view of an instance calls by name. */
const NAMED_IN_VIEWS: ReadonlySet<string> = new Set(['application', 'snapshot', 'stack']);
const EMPTY_FLOWS = Buffer.from('[]');

export interface CreateInstance {
  name: string;
  description?: string | undefined;
  instanceTypeId?: string | undefined;
  stackId?: string | undefined;
  templateId?: string | undefined;
  env?: Record<string, string> | undefined;
  start?: boolean | undefined;
  copyOf?: CopyOf | undefined;
  imported?: ImportedNodeRed | undefined;
  blueprintId?: string | undefined;
}

interface Parts {
  db: Database;
  changes: Changes;
  vault: Vault;
  /** The public address of an instance by its name. */
  urlOf: (name: string) => string;
  figuresOf: (instanceId: string) => RuntimeFigures | undefined;
  flowOf: (instanceId: string) => FlowState;
  readLockFile: (instanceId: string) => string | null;
}

/** Hosted instances: what they should be. Making it true is the driver's work. */
export class InstanceService {
  readonly #parts: Parts;
  readonly #db: Database;
  readonly #rows = new Remembered<InstanceRow>({ keepMs: 1000, maxEntries: 10_000 });

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#db = parts.db;
    parts.changes.on('change', ({ kind, id }) => {
      if (kind === 'instance') {
        this.#rows.forget(id);
      } else if (NAMED_IN_VIEWS.has(kind)) {
        this.#rows.clear();
      }
    });
  }

  async get(id: string): Promise<InstanceRow> {
    const instance = await this.#rows.read(id, () => this.#db.stores.instances.find(id));
    if (instance === null) {
      throw notFound('instance');
    }
    return instance;
  }

  async view(id: string): Promise<InstanceView> {
    return this.present(await this.get(id));
  }

  present(row: InstanceRow): InstanceView {
    const { urlOf, figuresOf, flowOf } = this.#parts;
    return presentInstance(row, { url: urlOf(row.name), figures: figuresOf(row.id), flow: flowOf(row.id) });
  }

  list(
    filter: { applicationId: string } | { teamId: string; hidden: string[] },
    query: ListQuery,
  ): Promise<Page<InstanceRow>> {
    return this.#db.stores.instances.list(filter, query);
  }

  async create(
    actor: Actor,
    place: { teamId: string; applicationId: string },
    input: CreateInstance,
    /** What else belongs to it, in the same transaction. */
    also: (tx: Transaction, made: NewInstance) => Promise<void> = async () => {},
  ): Promise<InstanceView> {
    if (RESERVED_INSTANCE_NAMES.has(input.name)) {
      throw invalid('name', 'is reserved, since people expect something else at that address');
    }
    if (input.copyOf && input.blueprintId !== undefined) {
      throw invalid('blueprintId', 'does not go with copyOf: an instance begins as one or the other');
    }
    const id = newId();
    try {
      await this.#db.transact(async (tx) => {
        await tx.stores.teams.lock(place.teamId);
        if ((await tx.stores.applications.find(place.applicationId))?.teamId !== place.teamId) {
          // It was moved to another team or deleted meanwhile.
          throw notFound('application');
        }
        const instance = await this.#newInstance(tx, actor, id, place, input);
        await tx.stores.instances.insert(instance);
        await tx.stores.instances.replaceVariables(id, await this.#firstVariables(tx, input));
        await refuseBeyondLimit(tx, place.teamId, 'instances', instance.instanceTypeId);
        await refuseBeyondLimit(tx, place.teamId, 'storageMb');
        await this.#record(tx, actor, 'instance.created', instance, {
          ...(input.copyOf && { copyOf: input.copyOf }),
          ...(input.imported && { imported: summariseFlows(input.imported.flows) }),
          ...(instance.blueprintId && {
            blueprintId: instance.blueprintId,
            blueprintVersion: instance.blueprintVersion,
          }),
        });
        await also(tx, instance);
        this.#reconcile(tx, id);
      });
    } catch (error) {
      throw isDuplicate(error)
        ? conflict(
            'name_taken',
            `The name ${input.name} is taken. Instance names are unique on the whole platform.`,
          )
        : error;
    }
    return this.view(id);
  }

  async #newInstance(
    tx: Transaction,
    actor: Actor,
    id: string,
    place: { teamId: string; applicationId: string },
    input: CreateInstance,
  ): Promise<NewInstance> {
    const source = input.copyOf && (await this.require(tx, input.copyOf.instanceId));
    const { type, stack, template } = await chooseParts(tx.stores, {
      instanceTypeId: input.instanceTypeId ?? source?.instanceTypeId,
      stackId: input.stackId ?? source?.stackId,
      templateId: input.templateId ?? source?.templateId,
    });
    const { content } = await readInstanceTemplate(tx.stores, {
      templateId: template.id,
      templateName: template.name,
    });
    const secret = randomBytes(32).toString('hex');
    const copied =
      source && input.copyOf ? await copyContent(tx, this.#parts, source, secret, input.copyOf) : {};
    const imported = input.imported ? await importContent(tx, input.imported, secret) : {};
    const begun = await beginWith(tx.stores, input.blueprintId);
    const given = { ...copied, ...imported, ...begun };
    refuseDenied(
      { ...template, version: 0, content },
      { id, name: input.name, modules: given.modules ?? '{}' },
    );
    return {
      id,
      name: input.name,
      description: input.description ?? '',
      ...place,
      instanceTypeId: type.id,
      stackId: stack.id,
      templateId: template.id,
      desired: input.start === false ? 'stopped' : 'running',
      state: 'created',
      flowsDigest: content.flows ?? (await tx.stores.blobs.put(EMPTY_FLOWS)),
      credentialSecret: this.#parts.vault.seal(secret),
      createdAt: new Date().toISOString(),
      ...given,
      ...(given.flowsChangedAt && { flowsChangedBy: auditActor(actor).name }),
    };
  }

  async #firstVariables(
    tx: Transaction,
    { copyOf, blueprintId, env = {} }: CreateInstance,
  ): Promise<VariableRow[]> {
    if (blueprintId !== undefined) {
      return askedVariables(tx.stores, blueprintId, env, this.#parts.vault);
    }
    const copied = copyOf ? await copyVariables(tx, this.#parts.vault, copyOf) : [];
    const given = Object.entries(env).map(([name, value]) => ({ name, value, secret: false }));
    return [...copied.filter(({ name }) => !(name in env)), ...given];
  }

  async setDescription(actor: Actor, id: string, description: string): Promise<InstanceView> {
    await this.#db.transact(async (tx) => {
      const before = await this.require(tx, id);
      await tx.stores.instances.setDescription(id, description);
      await this.#record(tx, actor, 'instance.changed', before, {
        before: { description: before.description },
        after: { description },
      });
    });
    return this.view(id);
  }

  async control(actor: Actor, id: string, action: InstanceAction): Promise<InstanceView> {
    const desired = {
      start: 'running',
      'start-limp': 'running',
      restart: 'running',
      stop: 'stopped',
      suspend: 'suspended',
    } as const;
    await this.#db.transact(async (tx) => {
      const instance = await this.require(tx, id);
      await refuseDuringChange(tx, instance);
      // Starting what runs in safe mode or has given up asks for a fresh process, as restarting does.
      const again =
        action === 'restart' ||
        action === 'start-limp' ||
        (action === 'start' && ['safe', 'crashed', 'error'].includes(instance.state));
      await tx.stores.instances.setLeftOut(
        id,
        action === 'start-limp' ? await leftOutBy(tx, instance) : null,
      );
      await tx.stores.instances.setDesired(id, desired[action], again);
      await this.#record(tx, actor, `instance.${action}-asked`, instance);
      this.#reconcile(tx, id);
    });
    return this.view(id);
  }

  /** Into the recycle bin: it stops, and its name and folder are kept for a week. */
  async delete(actor: UserActor | SystemActor, id: string): Promise<void> {
    await this.#db.transact(async (tx) => {
      await tx.stores.recycleBin.lockInstance(id);
      const instance = await this.require(tx, id);
      const users = await tx.stores.instances.usersOf(id);
      if (users.length > 0) {
        throw conflict(
          'in_use',
          `${instance.name} is still in use: ${users.join(', ')}. Remove that first.`,
          { users },
        );
      }
      const { id: byId, name } = auditActor(actor);
      await tx.stores.recycleBin.put('instances', id, { id: byId ?? 'system', name });
      await this.#record(tx, actor, 'instance.deleted', instance);
      this.#reconcile(tx, id);
    });
  }

  async variables(id: string): Promise<InstanceVariables> {
    const { stores } = this.#db;
    const instance = await stores.instances.find(id);
    if (instance === null) {
      throw notFound('instance');
    }
    const template = await readInstanceTemplate(stores, instance);
    const resolved = await resolveInstanceVariables(stores, instance, template);
    const settings = resolveInstanceSettings(template, instance, ownSettings(instance));
    const now = startFacts(template, settings, resolved);
    const shown = [...resolved.values()]
      .map(({ value, origin, locked }) => ({ ...showVariable(value), origin, locked }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    return {
      items: (await stores.instances.variables(id)).map(showVariable),
      resolved: shown,
      restartNeeded: isRestartNeeded(startedWith(instance), now),
    };
  }

  async setVariables(actor: Actor, id: string, items: VariableInput[]): Promise<InstanceVariables> {
    await this.#db.transact(async (tx) => {
      const instance = await this.require(tx, id);
      const before = await tx.stores.instances.variables(id);
      const rows = toVariables(items, before, this.#parts.vault);
      const template = await readInstanceTemplate(tx.stores, instance);
      const locked = new Set(template.content.variables.filter((one) => one.locked).map(({ name }) => name));
      const refused = changedNames(before, rows).find(
        (name) => locked.has(name) && rows.some((row) => row.name === name),
      );
      if (refused !== undefined) {
        throw invalid('items', `sets ${refused}, which is locked by the template ${template.name}`);
      }
      await tx.stores.instances.replaceVariables(id, rows);
      await this.#record(tx, actor, 'instance.variables-changed', instance, {
        before: before.map((row) => row.name),
        after: items.map((item) => item.name),
      });
    });
    return this.variables(id);
  }

  async require(tx: Transaction, id: string): Promise<InstanceRow> {
    const instance = await tx.stores.instances.find(id);
    if (instance === null) {
      throw notFound('instance');
    }
    return instance;
  }

  #reconcile(tx: Transaction, instanceId: string): void {
    tx.afterCommit(() => this.#parts.changes.emit('instance', { instanceId }));
  }

  async #record(
    tx: Transaction,
    actor: Actor,
    event: AuditEventName,
    instance: { id: string; name: string; teamId: string; applicationId: string },
    details?: Record<string, unknown>,
  ): Promise<void> {
    await tx.audit({
      event,
      actor: auditActor(actor, instance.name),
      teamId: instance.teamId,
      applicationId: instance.applicationId,
      subject: { kind: 'instance', id: instance.id, name: instance.name },
      ...(details && { details }),
    });
    tx.announce({
      kind: 'instance',
      id: instance.id,
      teamId: instance.teamId,
      applicationId: instance.applicationId,
    });
  }
}

/** The flows that the newest crash came from, with those that are left out already. */
async function leftOutBy(tx: Transaction, instance: InstanceRow): Promise<string> {
  const [crash] = await tx.stores.crashes.list(instance.id);
  if (crash === undefined || crash.flows.length === 0 || crash.flowsRevision !== instance.flowsRevision) {
    throw conflict(
      'nothing_to_leave_out',
      `No crash of the flows that ${instance.name} has now says which of them it came from.`,
    );
  }
  const known: NamedFlow[] = instance.leftOut === null ? [] : JSON.parse(instance.leftOut);
  const added = crash.flows.filter(({ id }) => !known.some((flow) => flow.id === id));
  return JSON.stringify([...known, ...added]);
}

/** What the template does not let an instance have would be missing to its flows. */
function refuseDenied(
  template: InstanceTemplate,
  instance: { id: string; name: string; modules: string },
): void {
  const problem = settingProblems(template, instance, {}).find(({ key }) => key.startsWith('palette.'));
  if (problem !== undefined) {
    throw invalid(
      'modules',
      `do not fit the template ${template.name}: its ${problem.key} ${problem.message}`,
    );
  }
}
