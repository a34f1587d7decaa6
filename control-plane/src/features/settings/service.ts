import {
  INSTANCE_SETTING_KEYS,
  type RuntimeSettings,
  SETTING_KEYS,
  type SettingKey,
  type SettingsView,
  settingContradictions,
  settingDefinition,
} from '@flowyard/protocol';
import { type Actor, auditActor } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import type { Stores } from '../../db/stores.ts';
import { conflict, invalid, invalidFields, notFound } from '../../errors.ts';
import type { Changes } from '../../relay/changes.ts';
import type { InstanceRow } from '../instances/instance-row.ts';
import { deniedModules } from './denied-modules.ts';
import {
  type InstanceTemplate,
  isRestartNeeded,
  ownSettings,
  pendingKeys,
  readInstanceTemplate,
  resolveInstanceSettings,
  resolveInstanceVariables,
  startedWith,
  startFacts,
  valuesOf,
} from './levels.ts';
import {
  changedKeys,
  keepSecrets,
  type Sealers,
  type StoredSettings,
  sealSettings,
  shownSetting,
} from './stored-settings.ts';

interface Parts extends Sealers {
  db: Database;
  changes: Changes;
}

/** Settings of instances: what each sets itself, and what comes of it with its template. */
export class SettingsService {
  readonly #parts: Parts;
  readonly #db: Database;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#db = parts.db;
  }

  async view(instanceId: string): Promise<SettingsView> {
    const { stores } = this.#db;
    const instance = await requireInstance(stores, instanceId);
    const template = await readInstanceTemplate(stores, instance);
    const own = ownSettings(instance);
    const resolved = resolveInstanceSettings(template, instance, own);
    const inherited = resolveInstanceSettings(template, instance, {});
    const variables = await resolveInstanceVariables(stores, instance, template);
    const now = startFacts(template, resolved, variables);
    const started = startedWith(instance);
    const pending = pendingKeys(started, now);
    const items = INSTANCE_SETTING_KEYS.map((key) => {
      const { value, origin, locked } = required(resolved, key);
      const below = required(inherited, key);
      return {
        key,
        value: shownSetting(key, value),
        origin,
        locked,
        inherited: { value: shownSetting(key, below.value), origin: below.origin },
        needsRestart: settingDefinition(key).applies !== 'live',
        pending: pending.includes(key),
      };
    });
    return {
      items,
      values: shownSettings(own),
      restartNeeded: isRestartNeeded(started, now),
      template: {
        id: template.id,
        name: template.name,
        version: template.version,
        runningVersion: started?.template.id === template.id ? started.template.version : null,
      },
    };
  }

  /** Replaces what an instance sets itself. */
  async put(actor: Actor, instanceId: string, values: RuntimeSettings): Promise<SettingsView> {
    const sealed = await sealSettings(values, this.#parts);
    await this.#db.transact(async (tx) => {
      const { templateId } = await requireInstance(tx.stores, instanceId);
      // What the template locks must not change meanwhile.
      await tx.stores.templates.lock(templateId);
      await tx.stores.instances.lock(instanceId);
      const instance = await requireInstance(tx.stores, instanceId);
      if (instance.templateId !== templateId) {
        throw conflict(
          'template_changed',
          `${instance.name} was given the template ${instance.templateName} in the meantime. Look at its settings again, and repeat this.`,
        );
      }
      const before = ownSettings(instance);
      const after = keepSecrets(sealed, before, 'values');
      const template = await readInstanceTemplate(tx.stores, instance);
      refuseLocked(template, before, after);
      refuseContradictions(template, instance, after);
      await tx.stores.instances.setSettings(instanceId, JSON.stringify(after));
      await this.#record(tx, actor, instance, before, after);
    });
    return this.view(instanceId);
  }

  /** Gives an instance another template; what it sets itself stays. */
  async setTemplate(actor: Actor, instanceId: string, templateId: string): Promise<SettingsView> {
    await this.#db.transact(async (tx) => {
      await tx.stores.templates.lock(templateId);
      await tx.stores.instances.lock(instanceId);
      const instance = await requireInstance(tx.stores, instanceId);
      const template = await tx.stores.templates.find(templateId);
      if (template === null) {
        throw invalid('templateId', 'is not a template; GET /templates lists them');
      }
      const next = await readInstanceTemplate(tx.stores, { templateId, templateName: template.name });
      refuseContradictions(next, instance, ownSettings(instance));
      await tx.stores.instances.setTemplate(instanceId, templateId);
      await tx.audit({
        ...entryOf(actor, instance),
        event: 'instance.template-set',
        details: { before: instance.templateName, after: template.name },
      });
      this.#announce(tx, instance);
    });
    return this.view(instanceId);
  }

  async #record(
    tx: Transaction,
    actor: Actor,
    instance: InstanceRow,
    before: StoredSettings,
    after: StoredSettings,
  ): Promise<void> {
    const keys = changedKeys(before, after);
    const of = (settings: StoredSettings) =>
      Object.fromEntries(keys.map((key) => [key, shownSetting(key, settings[key]) ?? null]));
    await tx.audit({
      ...entryOf(actor, instance),
      event: 'instance.settings-changed',
      details: { before: of(before), after: of(after) },
    });
    this.#announce(tx, instance);
  }

  #announce(tx: Transaction, { id, teamId, applicationId }: InstanceRow): void {
    tx.announce({ kind: 'instance', id, teamId, applicationId });
    tx.afterCommit(() => this.#parts.changes.emit('instance', { instanceId: id }));
  }
}

function entryOf(actor: Actor, instance: InstanceRow) {
  return {
    actor: auditActor(actor, instance.name),
    teamId: instance.teamId,
    applicationId: instance.applicationId,
    subject: { kind: 'instance' as const, id: instance.id, name: instance.name },
  };
}

async function requireInstance(stores: Stores, id: string): Promise<InstanceRow> {
  const instance = await stores.instances.find(id);
  if (instance === null) {
    throw notFound('instance');
  }
  return instance;
}

function required<V>(values: ReadonlyMap<SettingKey, V>, key: SettingKey): V {
  const value = values.get(key);
  if (value === undefined) {
    throw new Error(`the setting ${key} has no default`);
  }
  return value;
}

function shownSettings(stored: StoredSettings): RuntimeSettings {
  const shown = SETTING_KEYS.filter((key) => stored[key] !== undefined).map((key) => [
    key,
    shownSetting(key, stored[key]),
  ]);
  return Object.fromEntries(shown) as RuntimeSettings;
}

function refuseLocked(template: InstanceTemplate, before: StoredSettings, after: StoredSettings): void {
  const refused = changedKeys(before, after).filter(
    (key) => after[key] !== undefined && template.content.locked.includes(key),
  );
  if (refused.length > 0) {
    throw invalidFields(
      refused.map((key) => ({
        field: `values.${key}`,
        message: `is locked by the template ${template.name}`,
      })),
    );
  }
}

function refuseContradictions(template: InstanceTemplate, instance: InstanceRow, own: StoredSettings): void {
  const problems = settingProblems(template, instance, own);
  if (problems.length > 0) {
    throw invalidFields(problems.map(({ key, message }) => ({ field: `values.${key}`, message })));
  }
}

/** Why an instance could not have these settings; empty when it can. */
export function settingProblems(
  template: InstanceTemplate,
  instance: { id: string; name: string; modules: string },
  own: StoredSettings,
): Array<{ key: SettingKey; message: string }> {
  const values = valuesOf(resolveInstanceSettings(template, instance, own));
  const modules = {
    ...(JSON.parse(instance.modules) as Record<string, string>),
    ...template.content.modules,
  };
  const denied = deniedModules(modules, values['palette.allow'], values['palette.deny']);
  return [
    ...settingContradictions(values),
    ...denied.map(({ module, key }) => ({
      key,
      message: `would not let the instance have ${module}, which it uses`,
    })),
  ];
}
