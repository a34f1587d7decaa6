import {
  type AgentMessage,
  SPOOLED_EVENTS,
  type SpoolEntry,
  SpooledEvent,
  SpooledMinute,
  type SpoolStreamName,
} from '@flowyard/protocol';
import { type AuditActor, auditActor } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { newId } from '../../ids.ts';
import type { Minute } from '../metrics/minute.ts';
import { automaticSnapshots } from './device-levels.ts';
import type { DeviceRow } from './device-row.ts';
import type { SpoolMark } from './spool-store.ts';
import { Together } from './together.ts';

export type SpoolMessage = Extract<AgentMessage, { type: 'spool' }>;
interface Delivery {
  deviceId: string;
  message: SpoolMessage;
}

const KNOWN_EVENTS: ReadonlySet<string> = new Set(SPOOLED_EVENTS);
const FAILURES: ReadonlySet<string> = new Set(['crashed', 'error', 'update-failed']);
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Older metrics would be deleted at once. */
const METRICS_KEPT_MS = 24 * HOUR_MS;
/** By so much the clock of a device may be off, and is still believed. */
const CLOCK_OFF_MS = 45_000;
const MAX_DETAILS = 8000;

const keyOf = (deviceId: string, stream: SpoolStreamName) => `${deviceId} ${stream}`;

/**
 * Takes in what devices deliver from their spools, of many devices in one transaction. What it has and up to which
 * number it has it are committed together: so each entry counts once, however often it is sent.
 */
export class SpoolRecorder {
  readonly #db: Database;
  readonly #together = new Together<Delivery, number>((deliveries) => this.#recordAll(deliveries));

  constructor(db: Database) {
    this.#db = db;
  }

  /** @returns the number up to which the stream has been taken in */
  record(deviceId: string, message: SpoolMessage): Promise<number> {
    return this.#together.do({ deviceId, message });
  }

  #recordAll(deliveries: Delivery[]): Promise<number[]> {
    return this.#db.transact(async (tx) => {
      const ids = [...new Set(deliveries.map(({ deviceId }) => deviceId))];
      const devices = new Map((await tx.stores.devices.findMany(ids)).map((row) => [row.id, row]));
      const known = await tx.stores.deviceSpools.marksOf(ids);
      const marks = new Map(known.map((mark) => [keyOf(mark.deviceId, mark.stream), mark]));
      const minutes: Array<Minute & { ownerId: string }> = [];
      const answers: number[] = [];
      const changed = new Set<SpoolMark>();
      for (const { deviceId, message } of deliveries) {
        const device = devices.get(deviceId);
        const mark = markFor(marks.get(keyOf(deviceId, message.stream)), deviceId, message);
        if (device !== undefined) {
          marks.set(keyOf(deviceId, message.stream), mark);
          changed.add(mark);
          minutes.push(...(await this.#take(tx, device, mark, message)));
        }
        answers.push(mark.seq);
      }
      await tx.stores.deviceMetrics.insert(minutes);
      await tx.stores.deviceSpools.setMarks([...changed]);
      return answers;
    });
  }

  /** Takes in what is new, moves the mark, and answers the minutes among it. */
  async #take(
    tx: Transaction,
    device: DeviceRow,
    mark: SpoolMark,
    { stream, entries }: SpoolMessage,
  ): Promise<Array<Minute & { ownerId: string }>> {
    const minutes: Array<Minute & { ownerId: string }> = [];
    let lost = 0;
    for (const entry of entries) {
      if (entry.seq <= mark.seq) {
        continue;
      }
      lost += entry.seq - mark.seq - 1;
      mark.seq = entry.seq;
      if (stream === 'events') {
        await recordEvent(tx, device, entry);
      } else {
        minutes.push(...minuteOf(device.id, entry));
      }
    }
    if (lost > 0) {
      await audit(tx, device, 'spool-lost', { stream, lost });
    }
    return minutes;
  }
}

/** Numbers begin anew with another epoch. */
function markFor(known: SpoolMark | undefined, deviceId: string, message: SpoolMessage): SpoolMark {
  const { stream, epoch } = message;
  return known?.epoch === epoch ? known : { deviceId, stream, epoch, seq: 0 };
}

function audit(
  tx: Transaction,
  { id, name, teamId, applicationId }: DeviceRow,
  event: string,
  details: Record<string, unknown>,
  person: AuditActor | null = null,
): Promise<void> {
  return tx.audit({
    event: `device.${event}`,
    actor: person ?? auditActor({ kind: 'device', deviceId: id }, name),
    teamId,
    applicationId,
    subject: { kind: 'device', id, name },
    details,
  });
}

async function recordEvent(tx: Transaction, device: DeviceRow, entry: SpoolEntry): Promise<void> {
  const read = SpooledEvent.safeParse(entry.body);
  if (!read.success) {
    return;
  }
  const { event, log } = read.data;
  const isLong = JSON.stringify(read.data.details).length > MAX_DETAILS;
  const details = isLong ? { leftOut: 'too long' } : read.data.details;
  // An agent names no event of others: one of a newer agent is written down as what it is.
  const isKnown = KNOWN_EVENTS.has(event);
  const named = isKnown ? details : { ...details, event };
  const { person, rest } = await readPerson(tx, device.id, named);
  await audit(tx, device, isKnown ? event : 'reported', { ...rest, deviceTime: entry.at }, person);
  if (event === 'flows-deployed' && automaticSnapshots(device)['snapshots.afterDeploy']) {
    await tx.stores.wantedSnapshots.put(device.id, deployName(details), new Date());
  }
  if (FAILURES.has(event)) {
    const { snapshotId, reason } = details as Record<string, unknown>;
    await tx.stores.deviceSpools.insertFailure({
      id: newId(),
      deviceId: device.id,
      at: new Date(Date.now() - (entry.ageMs ?? 0)).toISOString(),
      deviceTime: entry.at,
      event,
      snapshotId: typeof snapshotId === 'string' ? snapshotId : null,
      reason: typeof reason === 'string' ? reason : '',
      log,
    });
  }
}

function deployName({ username }: Record<string, unknown>): string {
  return typeof username === 'string' && username !== '' ? `Deploy by ${username.slice(0, 80)}` : 'Deploy';
}

/**
 * Who did it in the editor of the device. A device is believed only of people who are signed in at its editor; of others
 * the entry says what the device tells.
 */
async function readPerson(
  tx: Transaction,
  deviceId: string,
  details: Record<string, unknown>,
): Promise<{ person: AuditActor | null; rest: Record<string, unknown> }> {
  const { userId, username, ...rest } = details;
  const sessions = typeof userId === 'string' ? await tx.stores.deviceOauth.editorSessionsOf(userId) : [];
  const isThere = sessions.some(({ subjectId, scope }) => subjectId === deviceId && scope === 'editor');
  const user = isThere ? await tx.stores.users.find(String(userId)) : null;
  return user === null || user.username !== username
    ? { person: null, rest: details }
    : { person: { kind: 'user', id: user.id, name: user.username, via: 'editor' }, rest };
}

/** The minute by our clock: by the clock of the device where that is right, else by how long ago it was. */
function minuteOf(ownerId: string, { at, ageMs, body }: SpoolEntry): Array<Minute & { ownerId: string }> {
  const read = SpooledMinute.safeParse(body);
  const now = Date.now();
  const said = Date.parse(at);
  const begun = ageMs === null || Math.abs(now - ageMs - said) < CLOCK_OFF_MS ? said : now - ageMs;
  const isOfUse = begun > now - METRICS_KEPT_MS && begun < now + MINUTE_MS;
  if (!read.success || !isOfUse) {
    return [];
  }
  const minute = new Date(Math.round(begun / MINUTE_MS) * MINUTE_MS).toISOString();
  return [{ ownerId, at: minute, ...read.data }];
}
