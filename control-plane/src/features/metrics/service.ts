import type { DeviceMetricsView, HostHealth, InstanceMetricsView } from '@flowyard/protocol';
import type { Database } from '../../db/database.ts';
import { notFound } from '../../errors.ts';
import { requireDevice } from '../devices/require-device.ts';
import { type Minute, mergeMinutes } from './minute.ts';
import type { MetricsRecorder } from './recorder.ts';

const HOUR_MS = 60 * 60_000;
const MINUTE_MS = 60_000;
const KEEP_MS = 25 * HOUR_MS;
/** More points than a chart has pixels are of use to nobody. */
const MOST_POINTS = 360;

interface Parts {
  db: Database;
  recorder: MetricsRecorder;
}

/** Metrics of instances and devices over the last day. */
export class MetricsService {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async view(instanceId: string, hours: number, now: number = Date.now()): Promise<InstanceMetricsView> {
    const { stores } = this.#parts.db;
    const instance = await stores.instances.find(instanceId);
    if (instance === null) {
      throw notFound('instance');
    }
    const stored = await stores.metrics.since(instanceId, new Date(now - hours * HOUR_MS).toISOString());
    const current = this.#parts.recorder.currentOf(instanceId);
    const minutes = current === null ? stored : [...stored.filter(({ at }) => at !== current.at), current];
    const stepMinutes = Math.ceil((hours * 60) / MOST_POINTS);
    return {
      stepSeconds: stepMinutes * 60,
      memoryLimitBytes: instance.memoryMb * 1024 * 1024,
      cpuLimitPercent: instance.cpuLimit === null ? null : instance.cpuLimit * 100,
      items: inSteps(minutes, stepMinutes),
    };
  }

  async viewDevice(deviceId: string, hours: number, now: number = Date.now()): Promise<DeviceMetricsView> {
    const { stores } = this.#parts.db;
    const device = await requireDevice(stores, deviceId);
    const since = new Date(now - hours * HOUR_MS).toISOString();
    const minutes = await stores.deviceMetrics.since(deviceId, since);
    const stepMinutes = Math.ceil((hours * 60) / MOST_POINTS);
    const host = device.host === null ? null : (JSON.parse(device.host) as HostHealth);
    return {
      stepSeconds: stepMinutes * 60,
      memoryLimitBytes: host?.memoryTotalBytes ?? null,
      items: inSteps(minutes, stepMinutes),
    };
  }

  async deleteOld(now: number = Date.now()): Promise<void> {
    const before = new Date(now - KEEP_MS).toISOString();
    await this.#parts.db.stores.metrics.deleteBefore(before);
    await this.#parts.db.stores.deviceMetrics.deleteBefore(before);
  }
}

function inSteps(minutes: Minute[], stepMinutes: number): Minute[] {
  const steps = new Map<number, Minute[]>();
  for (const minute of minutes) {
    const step = Math.floor(Date.parse(minute.at) / (stepMinutes * MINUTE_MS));
    steps.set(step, [...(steps.get(step) ?? []), minute]);
  }
  return [...steps].sort(([a], [b]) => a - b).flatMap(([, group]) => mergeMinutes(group) ?? []);
}
