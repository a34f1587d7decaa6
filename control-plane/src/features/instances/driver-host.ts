import {
  type FlowState,
  type InstanceState,
  instanceStatus,
  type LeftOut,
  NO_FLOW_STATE,
  NOTIFICATION_KINDS,
  type ResolvedSettings,
  type RuntimeStatus,
} from '@flowyard/protocol';
import type { Logger } from 'pino';
import { auditActor, SYSTEM } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import type {
  DriverHost,
  InstanceCounts,
  InstanceCrash,
  InstanceEvent,
  InstanceMetrics,
  InstanceReport,
  InstanceTarget,
  WarmStack,
} from '../../drivers/driver.ts';
import type { Changes } from '../../relay/changes.ts';
import type { Vault } from '../../secrets/vault.ts';
import type { NewAuditEntry } from '../audit/store.ts';
import type { NamedFlow } from '../crashes/blamed-flows.ts';
import type { CrashRecorder } from '../crashes/recorder.ts';
import type { NodeCounter } from '../metrics/node-counter.ts';
import type { MetricsRecorder } from '../metrics/recorder.ts';
import type { NotificationService } from '../notifications/notification-service.ts';
import {
  ownSettings,
  readInstanceTemplate,
  resolveInstanceSettings,
  resolveInstanceVariables,
  startFacts,
  valuesOf,
} from '../settings/levels.ts';
import { LostPart } from '../snapshots/lost-part.ts';
import type { StackService } from '../stacks/service.ts';
import { RunningTimes } from '../usage/running-times.ts';
import { EditorEvents } from './editor-events.ts';
import type { InstanceRow } from './instance-row.ts';
import type { RuntimeFigures } from './presenter.ts';

interface Parts {
  db: Database;
  changes: Changes;
  vault: Vault;
  stacks: StackService;
  notifications: NotificationService;
  metrics: MetricsRecorder;
  counts: NodeCounter;
  crashes: CrashRecorder;
  urlOf: (name: string) => string;
  readModules: (instanceId: string) => Record<string, string>;
  readLockFile: (instanceId: string) => string | null;
  logger: Logger;
}

/** A report with the time since which state, flows and process have been those. */
export interface TimedReport extends InstanceReport {
  sinceMs: number;
  /** When its flows were last known to hold updates; 0 for never. */
  heldMs: number;
}

const AUDITED = ['running', 'stopped', 'suspended', 'crashed', 'safe', 'error'] as const;
type AuditedState = (typeof AUDITED)[number];

function isAudited(state: InstanceState): state is AuditedState {
  return AUDITED.some((audited) => audited === state);
}

/** There is a Node-RED whose nodes can have messages. */
const RUNS: ReadonlySet<InstanceState> = new Set(['running', 'error', 'safe']);

/** What the driver learns from the control plane, and what becomes of what it reports. */
export class InstanceDriverHost implements DriverHost {
  readonly #parts: Parts;
  readonly #editorEvents: EditorEvents;
  readonly #runningTimes = new RunningTimes();
  readonly #figures = new Map<string, RuntimeFigures>();
  readonly #reports = new Map<string, TimedReport>();
  /** Reports are written in the order in which they came. */
  #writing: Promise<void> = Promise.resolve();

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#editorEvents = new EditorEvents(parts);
  }

  figuresOf(instanceId: string): RuntimeFigures | undefined {
    return this.#figures.get(instanceId);
  }

  /** The newest report since this process started, and since when it has been so. */
  reportOf(instanceId: string): TimedReport | undefined {
    return this.#reports.get(instanceId);
  }

  flowOf(instanceId: string): FlowState {
    return this.#reports.get(instanceId)?.flow ?? NO_FLOW_STATE;
  }

  /** How an instance is, for the page that the proxy shows when it does not answer. */
  stateOf(instanceId: string): { status: RuntimeStatus; reason: string | null } | null {
    const report = this.#reports.get(instanceId);
    return report === undefined ? null : { status: instanceStatus(report.state), reason: report.reason };
  }

  async readTarget(instanceId: string): Promise<InstanceTarget | null> {
    const { stores } = this.#parts.db;
    const row = await stores.instances.findForDriver(instanceId);
    const stack = row && (await this.#parts.stacks.locate(row.stackId));
    if (row === null) {
      this.#forget(instanceId);
    }
    if (row === null || stack === null) {
      return null;
    }
    const template = await readInstanceTemplate(stores, row);
    const settings = resolveInstanceSettings(template, row, ownSettings(row));
    const variables = await resolveInstanceVariables(stores, row, template);
    const { vault } = this.#parts;
    return {
      instanceId,
      name: row.name,
      url: this.#parts.urlOf(row.name),
      teamId: row.teamId,
      applicationName: row.applicationName,
      folder: row.folder,
      desired: row.desired,
      restarts: row.restarts,
      unheldRestarts: row.unheldRestarts,
      stack,
      memoryMb: row.memoryMb,
      cpuLimit: row.cpuLimit,
      leaveOut: leftOutOf(row),
      flowsRevision: row.flowsRevision,
      modules: { ...JSON.parse(row.modules), ...template.content.modules },
      lock: row.lockDigest,
      variables: Object.fromEntries(
        [...variables.values()].map(({ value: { name, value, secret } }) => [
          name,
          secret ? vault.unseal(value) : value,
        ]),
      ),
      snapshotId: row.runningSnapshotId,
      settings: this.#forProcess(valuesOf(settings)),
      startFacts: JSON.stringify(startFacts(template, settings, variables)),
      identityKey: vault.identityKey,
      credentialSecret: vault.unseal(row.credentialSecret),
      runtimeToken: vault.runtimeToken(instanceId),
    };
  }

  async readLock(digest: string): Promise<string | null> {
    const { db, logger } = this.#parts;
    try {
      return (await db.stores.blobs.get(digest)).toString();
    } catch (error) {
      if (!(error instanceof LostPart)) {
        throw error;
      }
      logger.error({ err: error, digest }, 'a lock file cannot be read');
      return null;
    }
  }

  #forProcess(settings: ResolvedSettings): ResolvedSettings {
    const npmrc = settings['palette.npmrc'];
    return {
      ...settings,
      'palette.npmrc': typeof npmrc === 'string' ? this.#parts.vault.unseal(npmrc) : null,
      // It is checked before requests reach the process.
      'http.basicPassword': null,
    };
  }

  /** People who look at its settings see then what runs. */
  async saveStarted(instanceId: string, facts: string): Promise<void> {
    await this.#parts.db.transact(async (tx) => {
      const row = await tx.stores.instances.find(instanceId);
      if (row !== null && row.startedWith !== facts) {
        await tx.stores.instances.setStartedWith(instanceId, facts);
        tx.announce({ kind: 'instance', id: row.id, teamId: row.teamId, applicationId: row.applicationId });
      }
    });
  }

  listInstanceIds(): Promise<string[]> {
    return this.#parts.db.stores.instances.allIds();
  }

  listWarmStacks(): Promise<WarmStack[]> {
    return this.#parts.stacks.warmStacks();
  }

  saveFolder(instanceId: string, folder: string): Promise<void> {
    return this.#parts.db.stores.instances.setFolder(instanceId, folder);
  }

  reportMetrics(metrics: InstanceMetrics): void {
    const { instanceId, memoryBytes, cpuPercent } = metrics;
    this.#figures.set(instanceId, { memoryBytes, cpuPercent });
    this.#parts.metrics.add(metrics);
  }

  reportCounts(counts: InstanceCounts): void {
    this.#parts.counts.counted(counts);
  }

  reportCrash(crash: InstanceCrash): void {
    this.#enqueue(crash.instanceId, () => this.#parts.crashes.record(crash));
  }

  reportEvent(event: InstanceEvent): void {
    this.#enqueue(event.instanceId, () => this.#editorEvents.record(event));
  }

  report(report: InstanceReport): void {
    const before = this.#reports.get(report.instanceId);
    const same =
      before?.state === report.state &&
      before.flowsRevision === report.flowsRevision &&
      before.startedFor === report.startedFor;
    const now = Date.now();
    const holds = report.flow.hold !== null || (before?.flow.hold ?? null) !== null;
    this.#reports.set(report.instanceId, {
      ...report,
      sinceMs: same ? before.sinceMs : now,
      heldMs: holds ? now : (before?.heldMs ?? 0),
    });
    if (!RUNS.has(report.state)) {
      this.#parts.counts.stopped(report.instanceId);
    }
    if (report.flowsRevision === null) {
      this.#figures.delete(report.instanceId);
    }
    this.#enqueue(report.instanceId, () => this.#write(report));
  }

  /** There is no such instance any more. */
  #forget(instanceId: string): void {
    this.#figures.delete(instanceId);
    this.#reports.delete(instanceId);
    this.#parts.counts.forget(instanceId);
  }

  #enqueue(instanceId: string, write: () => Promise<void>): void {
    this.#writing = this.#writing.then(write).catch((error: unknown) => {
      this.#parts.logger.error({ err: error, instanceId }, 'a report of an instance was not stored');
    });
  }

  /** Resolves when everything reported so far is stored. */
  settled(): Promise<void> {
    return this.#writing;
  }

  async #write(report: InstanceReport): Promise<void> {
    await this.#parts.db.transact(async (tx) => {
      const row = await tx.stores.instances.findForDriver(report.instanceId);
      if (row === null) {
        this.#forget(report.instanceId);
        return;
      }
      const changed = row.state !== report.state;
      const since = changed ? new Date().toISOString() : row.since;
      if (changed || row.step !== report.step || row.reason !== report.reason) {
        const { state, step, reason } = report;
        await tx.stores.instances.setState(row.id, { state, step, reason, since });
      }
      await this.#runningTimes.follow(tx.stores, report);
      if (changed && isAudited(report.state)) {
        await tx.audit(stateEntry(row, report.state, report.reason));
        await this.#notify(tx, row, report.state, report.reason);
      }
      tx.announce({ kind: 'instance', id: row.id, teamId: row.teamId, applicationId: row.applicationId });
    });
  }

  async #notify(
    tx: Transaction,
    row: InstanceRow,
    state: AuditedState,
    reason: string | null,
  ): Promise<void> {
    const { notifications } = this.#parts;
    if (state === 'crashed' || state === 'safe' || state === 'error') {
      await notifications.raise(tx, {
        kind: `instance.${state}`,
        teamId: row.teamId,
        applicationId: row.applicationId,
        subject: { kind: 'instance', id: row.id, name: row.name },
        text: reason ?? NOTIFICATION_KINDS[`instance.${state}`].text,
      });
    } else {
      await notifications.resolve(tx, row.id, ['instance.crashed', 'instance.safe', 'instance.error']);
    }
  }
}

/** What the process leaves out, and what people are told of it. */
function leftOutOf({ leftOut, flowsRevision }: InstanceRow): LeftOut | null {
  if (leftOut === null) {
    return null;
  }
  const flows: NamedFlow[] = JSON.parse(leftOut);
  const names = flows.map(({ name }) => `“${name}”`).join(', ');
  return {
    flows: flows.map(({ id }) => id),
    revision: flowsRevision,
    reason: `Limp mode: ${names} ${flows.length === 1 ? 'is' : 'are'} left out, since Node-RED crashed there. All other flows run.`,
  };
}

function stateEntry(row: InstanceRow, state: AuditedState, reason: string | null): NewAuditEntry {
  return {
    event: `instance.${state}`,
    actor: auditActor(SYSTEM),
    teamId: row.teamId,
    applicationId: row.applicationId,
    subject: { kind: 'instance', id: row.id, name: row.name },
    ...(reason !== null && { details: { reason } }),
  };
}
