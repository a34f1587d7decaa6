import type { UsageReport } from '@flowyard/protocol';
import { type Month, money } from './month.ts';
import type { DeviceDays, RunningInterval } from './usage-store.ts';

interface Measured {
  month: Month;
  now: number;
  intervals: readonly RunningInterval[];
  deviceDays: readonly DeviceDays[];
  /** What one more day of the devices that are there costs. */
  devicesForADay: number;
  allowance: number;
  currency: string;
}

function secondsIn({ startedAt, seenAt }: RunningInterval, { fromMs, toMs }: Month): number {
  const begin = Math.max(Date.parse(startedAt), fromMs);
  const end = Math.min(Date.parse(seenAt), toMs);
  return Math.max(0, Math.round((end - begin) / 1000));
}

function instanceRows(intervals: readonly RunningInterval[], month: Month): UsageReport['instances'] {
  const rows = new Map<string, UsageReport['instances'][number]>();
  const monthSeconds = (month.toMs - month.fromMs) / 1000;
  for (const interval of intervals) {
    const { instanceId, applicationId, typeId, price } = interval;
    const key = [instanceId, applicationId, typeId, price].join(' ');
    const before = rows.get(key)?.seconds ?? 0;
    const seconds = before + secondsIn(interval, month);
    rows.set(key, {
      instanceId,
      instance: interval.instance,
      applicationId,
      application: interval.application,
      type: interval.type,
      price,
      seconds,
      amount: money(((price ?? 0) * seconds) / monthSeconds),
    });
  }
  return [...rows.values()].filter(({ seconds }) => seconds > 0);
}

function deviceRows(deviceDays: readonly DeviceDays[], { days }: Month): UsageReport['devices'] {
  return deviceDays.map((row) => ({ ...row, amount: money(((row.price ?? 0) * row.days) / days) }));
}

/** Adds up what was measured in a month. */
export function makeReport(measured: Measured): UsageReport {
  const { month, now, intervals, allowance, currency } = measured;
  const instances = instanceRows(intervals, month);
  const devices = deviceRows(measured.deviceDays, month);
  const total = money([...instances, ...devices].reduce((sum, { amount }) => sum + amount, 0));
  const less = (sum: number) => money(Math.max(0, sum - allowance));
  const isRunning = now >= month.fromMs && now < month.toMs;
  return {
    month: month.name,
    currency,
    instances,
    devices,
    total,
    allowance,
    sum: less(total),
    estimate: isRunning ? less(total + stillToCome(measured)) : null,
  };
}

/** What the rest of the month costs when what is there now stays as it is. */
function stillToCome({ month, now, intervals, devicesForADay }: Measured): number {
  const rest = (month.toMs - now) / (month.toMs - month.fromMs);
  const running = intervals.filter(({ endedAt }) => endedAt === null);
  const wholeDays = Math.floor((month.toMs - now) / (24 * 60 * 60_000));
  return running.reduce((sum, { price }) => sum + (price ?? 0) * rest, 0) + devicesForADay * wholeDays;
}
