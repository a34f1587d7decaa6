import { setImmediate as breathe } from 'node:timers/promises';
import { hostWarnings, thresholdWarnings } from '@flowyard/protocol';
import type { Stores } from '../../db/stores.ts';
import { hostThresholds } from '../devices/device-levels.ts';
import type { DeviceRow } from '../devices/device-row.ts';
import type { SeenHost } from '../devices/host-recorder.ts';
import { driftOfDevice, presenceOf } from '../devices/presenter.ts';

interface Measured {
  row: DeviceRow;
  /** How its machine is; null while it is away: what was does not hold any more. */
  host: SeenHost | null;
  labels: string;
}

/** Null is left out. */
type Gauge = [name: string, help: string, of: (device: Measured) => number | null];

const GAUGES: readonly Gauge[] = [
  ['online', 'Whether the agent of a device is connected', ({ row }) => Number(presenceOf(row) === 'online')],
  [
    'running',
    'Whether a device is connected and its flows run',
    ({ row }) => Number(row.online && row.state === 'running'),
  ],
  ['drift', 'Whether a device does not run its target', ({ row }) => Number(driftOfDevice(row) !== null)],
  [
    'last_seen_timestamp_seconds',
    'When a device was last heard of',
    ({ row }) => (row.lastSeenAt === null ? null : Date.parse(row.lastSeenAt) / 1000),
  ],
  [
    'host_warnings',
    'How much is wrong with the machine',
    ({ row, host }) =>
      host && hostWarnings(host).length + thresholdWarnings(host, hostThresholds(row)).length,
  ],
  ['host_cpu_percent', 'Of all cores of the machine together', ({ host }) => host?.cpuPercent ?? null],
  ['host_load', 'Load of the machine over one minute', ({ host }) => host?.load ?? null],
  ['host_memory_total_bytes', 'Memory of the machine', ({ host }) => host?.memoryTotalBytes ?? null],
  [
    'host_memory_free_bytes',
    'Memory of the machine that is free',
    ({ host }) => host?.memoryFreeBytes ?? null,
  ],
  [
    'host_disk_total_bytes',
    'The disk with the folder of the device',
    ({ host }) => host?.diskTotalBytes ?? null,
  ],
  ['host_disk_free_bytes', 'What is free of that disk', ({ host }) => host?.diskFreeBytes ?? null],
  ['host_temperature_celsius', 'The warmest sensor of the machine', ({ host }) => host?.temperature ?? null],
  ['host_uptime_seconds', 'How long the machine runs', ({ host }) => host?.uptimeSeconds ?? null],
  ['memory_bytes', 'Memory of Node-RED on a device', ({ host }) => host?.nodeRedMemoryBytes ?? null],
  [
    'cpu_percent',
    'CPU of Node-RED on a device; one core is 100',
    ({ host }) => host?.nodeRedCpuPercent ?? null,
  ],
  [
    'spooled_messages',
    'Messages that wait on the disk of a device',
    ({ host }) => host?.spooledMessages ?? null,
  ],
];

interface Parts {
  stores: Stores;
  /** How its machine is, newer than what is in its row. */
  hostOf: (deviceId: string) => SeenHost | undefined;
}

/** All devices in the text that Prometheus reads. Two queries, however many there are. */
export async function deviceGauges({ stores, hostOf }: Parts): Promise<string> {
  const teams = await stores.teams.allNames();
  const devices = (await stores.devices.allOfAll()).map((row): Measured => {
    const stored = (): SeenHost | null => (row.host === null ? null : JSON.parse(row.host));
    return {
      row,
      host: row.online ? (hostOf(row.id) ?? stored()) : null,
      labels: labelsOf(row, teams.get(row.teamId) ?? ''),
    };
  });
  const parts: string[] = [];
  for (const [name, help, of] of GAUGES) {
    parts.push(`# HELP flowyard_device_${name} ${help}\n# TYPE flowyard_device_${name} gauge\n`);
    for (const device of devices) {
      const value = of(device) ?? null;
      if (value !== null) {
        parts.push(`flowyard_device_${name}{${device.labels}} ${value}\n`);
      }
    }
    // Of ten thousand devices each of them takes a while, and others want to be answered.
    await breathe();
  }
  return parts.join('');
}

function labelsOf(row: DeviceRow, team: string): string {
  const labels = {
    device_id: row.id,
    name: row.name,
    type: row.type,
    team_id: row.teamId,
    team,
    application_id: row.applicationId,
    application: row.applicationName,
    group_id: row.deviceGroupId,
    group: row.deviceGroupName,
  };
  return Object.entries(labels)
    .map(([label, value]) => `${label}="${escaped(value ?? '')}"`)
    .join(',');
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}
