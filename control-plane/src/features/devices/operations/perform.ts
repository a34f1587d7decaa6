import { type Actor, auditActor } from '../../../access/actor.ts';
import type { Transaction } from '../../../db/database.ts';
import { conflict } from '../../../errors.ts';
import type { TargetService } from '../../snapshots/target-service.ts';
import type { DeviceRow } from '../device-row.ts';
import type { Accepted, DeviceOperation } from './operation.ts';

/** What was done, and why the rest was not. */
export interface Performed {
  done: Set<string>;
  refusals: Map<string, { code: string; refusal: string }>;
}

/** Does an operation to those devices to which it can be done, with an entry in the audit log for each. */
export async function perform<C>(
  tx: Transaction,
  targets: TargetService,
  actor: Actor,
  devices: readonly DeviceRow[],
  operation: DeviceOperation<C>,
): Promise<Performed> {
  const refusals: Performed['refusals'] = new Map();
  const accepted: Accepted<C>[] = [];
  const decide = await operation.prepare(tx, devices);
  for (const device of devices) {
    const verdict = decide(device);
    if ('change' in verdict) {
      accepted.push({ device, change: verdict.change });
    } else {
      refusals.set(device.id, verdict);
    }
  }
  if (accepted.length > 0) {
    await operation.apply(tx, accepted);
    await tell(tx, targets, actor, accepted, operation);
  }
  return { done: new Set(accepted.map(({ device }) => device.id)), refusals };
}

/** @throws AppError 409 when it cannot be done */
export async function performOne<C>(
  tx: Transaction,
  targets: TargetService,
  actor: Actor,
  device: DeviceRow,
  operation: DeviceOperation<C>,
): Promise<void> {
  const { refusals } = await perform(tx, targets, actor, [device], operation);
  const refused = refusals.get(device.id);
  if (refused !== undefined) {
    throw conflict(refused.code, refused.refusal);
  }
}

async function tell<C>(
  tx: Transaction,
  targets: TargetService,
  actor: Actor,
  accepted: ReadonlyArray<Accepted<C>>,
  operation: DeviceOperation<C>,
): Promise<void> {
  const byPlace = new Map<string | null, { teamId: string; ids: string[] }>();
  const groups = new Map<string, { teamId: string; applicationId: string | null }>();
  for (const { device, change } of accepted) {
    const { id, name, teamId, applicationId } = device;
    await tx.audit({
      ...operation.describe(device, change),
      actor: auditActor(actor, name),
      teamId,
      applicationId,
      subject: { kind: 'device', id, name },
    });
    // Also where it was before, so that lists there let go of it.
    tx.announce({ kind: 'device', id, teamId, applicationId });
    const place = operation.placeAfter ? operation.placeAfter(change) : applicationId;
    const there = byPlace.get(place) ?? { teamId, ids: [] };
    there.ids.push(id);
    byPlace.set(place, there);
    if (device.deviceGroupId !== null) {
      groups.set(device.deviceGroupId, { teamId, applicationId });
    }
  }
  for (const [id, place] of groups) {
    tx.announce({ kind: 'device-group', id, ...place });
  }
  if (operation.removes) {
    tx.afterCommit(() => targets.forget(accepted.map(({ device }) => device.id)));
    return;
  }
  for (const [applicationId, { teamId, ids }] of byPlace) {
    await targets.retarget(tx, ids, { teamId, applicationId });
  }
}
