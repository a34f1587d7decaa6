import { type InstanceChangeState, NO_FLOW_STATE } from '@flowyard/protocol';
import type { Logger } from 'pino';
import { type Actor, auditActor, SYSTEM } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import type { StackLocation } from '../../drivers/driver.ts';
import { AppError } from '../../errors.ts';
import { OneAtATime } from '../../one-at-a-time.ts';
import type { Changes } from '../../relay/changes.ts';
import type { TimedReport } from '../instances/driver-host.ts';
import type { InstanceRow } from '../instances/instance-row.ts';
import type { NotificationService } from '../notifications/notification-service.ts';
import type { SnapshotService } from '../snapshots/service.ts';
import { typeLimitProblem } from '../team-types/limits.ts';
import { type GateFacts, type GateVerdict, judge } from './gate.ts';
import { targetWords } from './presenter.ts';
import { announceInstance } from './service.ts';
import type { ChangeProgress, InstanceChangeRow } from './store.ts';

const LOOK_AGAIN_MS = 500;
const LOG_LINES = 20;
const WATCHED: readonly InstanceChangeState[] = ['stopping', 'starting', 'checking'];

interface Parts {
  db: Database;
  changes: Changes;
  snapshots: SnapshotService;
  notifications: NotificationService;
  locateStack: (stackId: string) => Promise<StackLocation | null>;
  /** The newest report of a hosted instance since this process started. */
  reportOf: (instanceId: string) => TimedReport | undefined;
  readLog: (instanceId: string, lines: number) => Promise<Array<{ text: string }>>;
  /** For how long an instance must run well. */
  healthMs: number;
  logger: Logger;
}

/**
 * Carries changes of stack and type out. All that it knows is in the database, and each step is one transaction, so a
 * change that was under way when the server was killed is carried on by the next one:
 *
 *   planned → snapshotting → stopping → starting → checking → succeeded
 *                               └───────────┴─────────┴─ not well → returning → returned | failed
 */
export class InstanceChangeRunner {
  readonly #parts: Parts;
  readonly #db: Database;
  readonly #looks: OneAtATime;
  readonly #lookingSince = Date.now();
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#db = parts.db;
    this.#looks = new OneAtATime(
      (id) => this.#step(id),
      (error, id) => parts.logger.error({ err: error, changeId: id }, 'a change could not be carried on'),
    );
  }

  /** Takes up what was under way. */
  async start(): Promise<void> {
    this.#timer = setInterval(() => void this.#advanceAll(), LOOK_AGAIN_MS);
    await this.#advanceAll();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looks.stop();
  }

  /** Looks at a change and does what is next; one look at a time for each. */
  advance(id: string): void {
    this.#looks.start(id);
  }

  async #advanceAll(): Promise<void> {
    try {
      for (const id of await this.#db.stores.instanceChanges.unfinishedIds()) {
        this.advance(id);
      }
    } catch (error) {
      this.#parts.logger.error({ err: error }, 'changes could not be read');
    }
  }

  async #step(id: string): Promise<void> {
    const change = await this.#db.stores.instanceChanges.find(id);
    if (change === null || change.finishedAt !== null) {
      return;
    }
    if ((await this.#db.stores.instances.find(change.instanceId)) === null) {
      await this.#giveUp(change);
      return;
    }
    switch (change.state) {
      case 'planned':
        if (!(await this.#db.stores.instanceChanges.hasEarlier(change))) {
          await this.#progress(change, ['planned'], { state: 'snapshotting' });
          this.#looks.start(id);
        }
        break;
      case 'snapshotting':
        await this.#begin(change);
        this.#looks.start(id);
        break;
      case 'returning':
        await this.#followReturn(change);
        break;
      default:
        await this.#follow(change);
    }
  }

  /** Keeps what is there in a snapshot and puts the instance on its new parts, all or nothing. */
  async #begin(change: InstanceChangeRow): Promise<void> {
    const isThere = (await this.#parts.locateStack(change.toStackId)) !== null;
    try {
      await this.#db.transact(async (tx) => {
        const instance = await tx.stores.instances.find(change.instanceId);
        if (instance === null) {
          return;
        }
        if (!isThere) {
          throw new AppError(
            409,
            'stack_not_ready',
            `The stack ${change.toStack} is not installed any more.`,
          );
        }
        await tx.stores.teams.lock(instance.teamId);
        const snapshot = await this.#parts.snapshots.takeInTransaction(tx, authorOf(change), instance, {
          name: `Before change to ${targetWords(change)}`.slice(0, 120),
          kind: 'auto',
        });
        await tx.stores.instances.setParts(instance.id, change.toStackId, change.toTypeId);
        await this.#refuseBeyondLimit(tx, instance, change);
        const switched = await this.#restart(tx, instance);
        const taken = { snapshotId: snapshot.id, stateBefore: instance.state };
        if (instance.desired === 'running') {
          await this.#advance(tx, change, ['snapshotting'], { state: 'stopping', ...switched, ...taken });
        } else {
          await this.#finish(tx, change, ['snapshotting'], 'succeeded', UNWATCHED, taken);
        }
      });
    } catch (error) {
      if (!(error instanceof AppError)) {
        throw error;
      }
      // Rolled back: the instance is as it was.
      const message = `Nothing was changed. ${error.message}`;
      await this.#db.transact((tx) => this.#finish(tx, change, ['snapshotting'], 'failed', message));
    }
  }

  /** Deleted while it was moved: in the recycle bin it has what it had. */
  async #giveUp(change: InstanceChangeRow): Promise<void> {
    await this.#db.transact(async (tx) => {
      if (change.kind === 'change' && WATCHED.includes(change.state)) {
        await tx.stores.instances.setParts(change.instanceId, change.fromStackId, change.fromTypeId);
      }
      const message = 'The instance was deleted in the meantime.';
      await this.#finish(tx, change, [change.state], 'failed', message);
    });
  }

  async #refuseBeyondLimit(tx: Transaction, instance: InstanceRow, change: InstanceChangeRow): Promise<void> {
    const type = await tx.stores.instanceTypes.find(change.toTypeId);
    const isOther = change.fromTypeId !== change.toTypeId;
    const problem = type && isOther ? await typeLimitProblem(tx, instance.teamId, type, 0) : null;
    if (problem !== null) {
      throw problem;
    }
  }

  async #follow(change: InstanceChangeRow): Promise<void> {
    const verdict = await this.#judge(change, change.toStackId, { healthMs: this.#parts.healthMs });
    switch (verdict.kind) {
      case 'watch':
        if (verdict.state !== change.state) {
          await this.#progress(change, WATCHED, { state: verdict.state });
        }
        break;
      case 'well':
        await this.#db.transact((tx) => this.#finish(tx, change, WATCHED, 'succeeded', null));
        break;
      case 'halted':
        await this.#db.transact((tx) => this.#finish(tx, change, WATCHED, 'succeeded', UNWATCHED));
        break;
      case 'failed':
        await this.#goBack(change, verdict.reason);
    }
  }

  /** A change goes back to what it came from; a trial is stopped, for people to look at. */
  async #goBack(change: InstanceChangeRow, reason: string): Promise<void> {
    const lines = await this.#parts.readLog(change.instanceId, LOG_LINES).catch(() => []);
    const log = JSON.stringify(lines.map(({ text }) => text.slice(0, 2000)));
    await this.#db.transact(async (tx) => {
      const instance = await tx.stores.instances.find(change.instanceId);
      if (instance === null) {
        return;
      }
      if (change.kind === 'trial') {
        await tx.stores.instances.setDesired(instance.id, 'stopped', false);
        await this.#finish(tx, change, WATCHED, 'failed', reason, { log });
        this.#reconcile(tx, instance.id);
        return;
      }
      await tx.stores.instances.setParts(instance.id, change.fromStackId, change.fromTypeId);
      const switched = await this.#restart(tx, instance, { isHeld: false });
      await this.#advance(tx, change, WATCHED, { state: 'returning', message: reason, log, ...switched });
    });
  }

  async #followReturn(change: InstanceChangeRow): Promise<void> {
    const verdict = await this.#judge(change, change.fromStackId, { healthMs: 0, isReturning: true });
    const reason = change.message ?? '';
    const end = (state: 'returned' | 'failed', message: string) =>
      this.#db.transact((tx) => this.#finish(tx, change, ['returning'], state, message));
    if (verdict.kind === 'well') {
      await end('returned', reason);
    } else if (verdict.kind === 'halted') {
      await end('returned', withNote(reason, 'It was stopped before it ran again.'));
    } else if (verdict.kind === 'failed') {
      const report = this.#parts.reportOf(change.instanceId);
      const asBefore = report?.state === change.stateBefore;
      await end(
        asBefore ? 'returned' : 'failed',
        asBefore
          ? withNote(reason, `It is as it was before the change: ${change.stateBefore}.`)
          : withNote(reason, `It does not run on ${change.fromStack} either: ${verdict.reason}`),
      );
    }
  }

  async #judge(
    change: InstanceChangeRow,
    stackId: string,
    { healthMs, isReturning = false }: { healthMs: number; isReturning?: boolean },
  ): Promise<GateVerdict> {
    const instance = await this.#db.stores.instances.findForDriver(change.instanceId);
    const report = this.#parts.reportOf(change.instanceId);
    const switchedMs = Date.parse(change.switchedAt ?? change.createdAt);
    const facts: GateFacts = {
      wanted: instance?.desired === 'running',
      stackIsThere: (await this.#parts.locateStack(stackId)) !== null,
      state: report?.state ?? null,
      step: report?.step ?? null,
      reason: report?.reason ?? null,
      isNewProcess: (report?.startedFor ?? -1) >= (change.restarts ?? 0),
      isNewState: (report?.sinceMs ?? 0) >= switchedMs,
      stateForMs: report === undefined ? 0 : Date.now() - report.sinceMs,
      // For how long flows held it before this process began is not known.
      waitedMs: Date.now() - Math.max(switchedMs, report?.heldMs ?? 0, this.#lookingSince),
      flow: report?.flow ?? NO_FLOW_STATE,
      isReturning,
    };
    return judge(facts, healthMs);
  }

  /** A fresh process, if one is to run; what the driver calls it, and since when it is waited for. */
  async #restart(
    tx: Transaction,
    instance: InstanceRow,
    { isHeld = true } = {},
  ): Promise<{ restarts: number; switchedAt: string }> {
    const isRunning = instance.desired === 'running';
    const { instances } = tx.stores;
    if (isRunning) {
      await (isHeld ? instances.addRestart(instance.id) : instances.addUnheldRestart(instance.id));
    }
    this.#reconcile(tx, instance.id);
    return { restarts: instance.restarts + (isRunning ? 1 : 0), switchedAt: new Date().toISOString() };
  }

  #reconcile(tx: Transaction, instanceId: string): void {
    tx.afterCommit(() => this.#parts.changes.emit('instance', { instanceId }));
  }

  #progress(
    change: InstanceChangeRow,
    from: readonly InstanceChangeState[],
    progress: ChangeProgress,
  ): Promise<void> {
    return this.#db.transact((tx) => this.#advance(tx, change, from, progress));
  }

  /** Another runner that was faster ends the transaction: nothing is done twice. */
  async #advance(
    tx: Transaction,
    change: InstanceChangeRow,
    from: readonly InstanceChangeState[],
    progress: ChangeProgress,
  ): Promise<void> {
    if (!(await tx.stores.instanceChanges.advance(change.id, from, progress))) {
      throw new Error(`The change ${change.id} is not ${from.join(' or ')} any more`);
    }
    const { instanceId, teamId, applicationId } = change;
    announceInstance(tx, { id: instanceId, teamId, applicationId });
  }

  async #finish(
    tx: Transaction,
    change: InstanceChangeRow,
    from: readonly InstanceChangeState[],
    state: 'succeeded' | 'returned' | 'failed',
    message: string | null,
    more: Partial<ChangeProgress> = {},
  ): Promise<void> {
    const finishedAt = new Date().toISOString();
    await this.#advance(tx, change, from, { ...more, state, message, finishedAt });
    if (state !== 'succeeded') {
      await this.#parts.notifications.raise(tx, {
        kind: 'instance.returned',
        teamId: change.teamId,
        applicationId: change.applicationId,
        subject: { kind: 'instance', id: change.instanceId, name: change.instanceName },
        text: `The change to ${targetWords(change)} did not work. ${message ?? ''}`.trim(),
      });
    }
    await tx.audit({
      event: `instance.change-${state}`,
      actor: auditActor(SYSTEM),
      teamId: change.teamId,
      applicationId: change.applicationId,
      subject: { kind: 'instance', id: change.instanceId, name: change.instanceName },
      details: { from: change.fromStack, to: targetWords(change), message },
    });
  }
}

const UNWATCHED = 'It is not running, so nothing was tried: it takes this with its next start.';

/** The first line of a reason is what people read first; the log may follow. */
function withNote(reason: string, note: string): string {
  const [cause = '', ...log] = reason.split('\n');
  return [`${cause} ${note}`.trim(), ...log].join('\n');
}

function authorOf({ authorId, author }: InstanceChangeRow): Actor {
  return {
    kind: 'user',
    userId: authorId,
    username: author,
    name: author,
    admin: false,
    via: 'page',
    sessionId: null,
    onlyTeamId: null,
    onlyApplicationId: null,
    readOnly: false,
  };
}
