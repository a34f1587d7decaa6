import type { AuditEventName, Permission } from '@flowyard/protocol';
import type { Transaction } from '../../../db/database.ts';
import type { DeviceRow } from '../device-row.ts';

/** What is to become of one device, or why nothing is. */
export type Verdict<C> = { change: C } | { code: string; refusal: string };

export interface Accepted<C> {
  device: DeviceRow;
  change: C;
}

/**
 * Something that is done to one device or to many at once. All that may be refused is found out before anything is
 * written, so that no device is left half done.
 */
export interface DeviceOperation<C> {
  /** What somebody must be allowed where the device is. */
  permission: Permission;
  /** Reads what is needed for all of them in a fixed number of queries. */
  prepare(tx: Transaction, devices: readonly DeviceRow[]): Promise<(device: DeviceRow) => Verdict<C>>;
  apply(tx: Transaction, accepted: ReadonlyArray<Accepted<C>>): Promise<void>;
  /** For the audit log. */
  describe(device: DeviceRow, change: C): { event: AuditEventName; details?: Record<string, unknown> };
  /** The application that it is in afterwards; left out where that stays. */
  placeAfter?(change: C): string | null;
  /** They are gone afterwards. */
  removes?: boolean;
}

export function refuse(code: string, refusal: string): { code: string; refusal: string } {
  return { code, refusal };
}

/** Devices to which the same is to be written, so that one statement does for all of them. */
export async function forEachAlike<C>(
  accepted: ReadonlyArray<Accepted<C>>,
  write: (ids: string[], change: C) => Promise<void>,
): Promise<void> {
  const alike = new Map<string, { change: C; ids: string[] }>();
  for (const { device, change } of accepted) {
    const key = JSON.stringify(change);
    const known = alike.get(key) ?? { change, ids: [] };
    known.ids.push(device.id);
    alike.set(key, known);
  }
  for (const { change, ids } of alike.values()) {
    await write(ids, change);
  }
}
