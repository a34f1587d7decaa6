import type { Flows } from '@flowyard/protocol';
import { auditActor, SYSTEM } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import type { InstanceCrash } from '../../drivers/driver.ts';
import { newId } from '../../ids.ts';
import type { Changes } from '../../relay/changes.ts';
import type { InstanceRow } from '../instances/instance-row.ts';
import { ownSettings, readInstanceTemplate, resolveInstanceSettings, valuesOf } from '../settings/levels.ts';
import { findBlamedFlows, type NamedFlow } from './blamed-flows.ts';

interface Parts {
  db: Database;
  changes: Changes;
}

/** Keeps a report of every crash, and starts limp mode by itself where the settings of the instance say so. */
export class CrashRecorder {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async record(crash: InstanceCrash): Promise<void> {
    await this.#parts.db.transact(async (tx) => {
      const row = await tx.stores.instances.find(crash.instanceId);
      if (row === null) {
        return;
      }
      const flows: Flows = JSON.parse((await tx.stores.blobs.get(row.flowsDigest)).toString());
      const blamed = findBlamedFlows(flows, crash.blamed);
      await tx.stores.crashes.insert({
        id: newId(),
        instanceId: row.id,
        at: new Date().toISOString(),
        reason: crash.reason,
        exitCode: crash.exitCode,
        signal: crash.signal,
        hung: crash.hung,
        crashes: crash.crashes,
        safeMode: crash.safeMode,
        flowsRevision: row.flowsRevision,
        ...blamed,
      });
      tx.announce({ kind: 'instance', id: row.id, teamId: row.teamId, applicationId: row.applicationId });
      if (crash.safeMode && (await this.#isAutomatic(tx, row))) {
        await this.#leaveOut(tx, row, blamed.flows);
      }
    });
  }

  async #isAutomatic(tx: Transaction, row: InstanceRow): Promise<boolean> {
    const template = await readInstanceTemplate(tx.stores, row);
    const settings = valuesOf(resolveInstanceSettings(template, row, ownSettings(row)));
    return settings['safety.limpMode'] === 'automatic';
  }

  async #leaveOut(tx: Transaction, row: InstanceRow, flows: NamedFlow[]): Promise<void> {
    const known: NamedFlow[] = row.leftOut === null ? [] : JSON.parse(row.leftOut);
    const added = flows.filter(({ id }) => !known.some((flow) => flow.id === id));
    if (added.length === 0) {
      return;
    }
    await tx.stores.instances.setLeftOut(row.id, JSON.stringify([...known, ...added]));
    await tx.stores.instances.addRestart(row.id);
    await tx.audit({
      event: 'instance.limp-started',
      actor: auditActor(SYSTEM),
      teamId: row.teamId,
      applicationId: row.applicationId,
      subject: { kind: 'instance', id: row.id, name: row.name },
      details: { leftOut: added.map(({ name }) => name) },
    });
    tx.afterCommit(() => this.#parts.changes.emit('instance', { instanceId: row.id }));
  }
}
