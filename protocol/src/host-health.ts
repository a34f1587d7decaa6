import { z } from 'zod';
import { Time } from './names.ts';

const Figure = z.number().nullable().default(null).catch(null);
const Bytes = z.number().min(0).nullable().default(null).catch(null);

/** How the machine of a device is; null is what its system does not tell. */
export const HostHealth = z.object({
  /** Of all cores together: 0 to 100. */
  cpuPercent: Figure,
  cores: Figure,
  /** Programs that run or wait to run, on average over one minute. */
  load: Figure,
  memoryTotalBytes: Bytes,
  memoryFreeBytes: Bytes,
  /** Of the disk on which the folder of the device is. */
  diskTotalBytes: Bytes,
  diskFreeBytes: Bytes,
  /** Of the warmest sensor, in degrees Celsius. */
  temperature: Figure,
  uptimeSeconds: Figure,
  agentUptimeSeconds: Figure,
  agentMemoryBytes: Bytes,
  /** Of Node-RED; null while it does not run. */
  nodeRedMemoryBytes: Bytes,
  nodeRedCpuPercent: Figure,
  /** Its own address on the way to the control plane. */
  address: z.string().max(64).nullable().default(null).catch(null),
  /** Messages that wait on its disk to be delivered, and their bytes. */
  spooledMessages: Figure,
  spooledBytes: Bytes,
});
export type HostHealth = z.infer<typeof HostHealth>;

/** With the time at which it was so. */
export const HostHealthView = HostHealth.extend({
  at: Time,
  /** What needs somebody to look, for people. */
  warnings: z.array(z.string()),
});
export type HostHealthView = z.infer<typeof HostHealthView>;

const MB = 1024 * 1024;
const LITTLE_DISK = { bytes: 1024 * MB, share: 0.1 };
const HARDLY_ANY_DISK_BYTES = 100 * MB;
const HOT = 80;
const LITTLE_MEMORY_SHARE = 0.05;

function isDiskNearlyFull({ diskFreeBytes, diskTotalBytes }: HostHealth): boolean {
  if (diskFreeBytes === null) {
    return false;
  }
  const isLittle = diskTotalBytes !== null && diskFreeBytes < LITTLE_DISK.share * diskTotalBytes;
  return diskFreeBytes < HARDLY_ANY_DISK_BYTES || (isLittle && diskFreeBytes < LITTLE_DISK.bytes);
}

/** From which use on somebody wants to know, in percent; null is never. */
export interface HostThresholds {
  'alerts.memoryPercent': number | null;
  'alerts.cpuPercent': number | null;
  'alerts.diskPercent': number | null;
}

function percentUsed(total: number | null, free: number | null): number | null {
  return total === null || free === null || total === 0 ? null : Math.round((1 - free / total) * 100);
}

/** What exceeds the thresholds that people set, in sentences. */
export function thresholdWarnings(health: HostHealth, thresholds: HostThresholds): string[] {
  const found: Array<[used: number | null, threshold: number | null, what: string]> = [
    [
      percentUsed(health.memoryTotalBytes, health.memoryFreeBytes),
      thresholds['alerts.memoryPercent'],
      'of its memory is used',
    ],
    [
      health.cpuPercent === null ? null : Math.round(health.cpuPercent),
      thresholds['alerts.cpuPercent'],
      'of its processor is busy',
    ],
    [
      percentUsed(health.diskTotalBytes, health.diskFreeBytes),
      thresholds['alerts.diskPercent'],
      'of its disk is used',
    ],
  ];
  return found.flatMap(([used, threshold, what]) =>
    used !== null && threshold !== null && used > threshold
      ? [`${used} % ${what}, more than the ${threshold} % in its settings.`]
      : [],
  );
}

/** The one place that decides what is wrong with a machine, and says what to do. */
export function hostWarnings(health: HostHealth): string[] {
  const { diskFreeBytes, temperature, memoryFreeBytes, memoryTotalBytes } = health;
  const found: string[] = [];
  if (isDiskNearlyFull(health)) {
    const free = Math.floor((diskFreeBytes ?? 0) / MB);
    found.push(`Its disk is nearly full: ${free} MB are free. Free some space on it; updates need it.`);
  }
  if (temperature !== null && temperature >= HOT) {
    found.push(`It is very hot: ${Math.round(temperature)} °C. Look at its cooling and where it stands.`);
  }
  if (
    memoryFreeBytes !== null &&
    memoryTotalBytes !== null &&
    memoryFreeBytes < LITTLE_MEMORY_SHARE * memoryTotalBytes
  ) {
    const free = Math.floor(memoryFreeBytes / MB);
    found.push(`Its memory is nearly used up: ${free} MB are free. Look at what else runs on it.`);
  }
  return found;
}
