import { readdirSync, readFileSync } from 'node:fs';
import os from 'node:os';
import type { HostHealth } from '@flowyard/protocol';
import { diskSpace } from '../files/disk.ts';

const SENSORS = '/sys/class/thermal';
/** What sensors show that are not connected. */
const LIKELY = { from: -60, to: 200 };

/** What the machine is asked for beside what its system tells. */
export interface HostQuestions {
  /** The folder whose disk counts. */
  folder: string;
  nodeRed: () => { memoryBytes: number; cpuPercent: number } | null;
  address: () => string | null;
  spooled: () => { messages: number; bytes: number };
}

interface CpuTimes {
  idle: number;
  total: number;
}

function cpuTimes(): CpuTimes {
  const sum: CpuTimes = { idle: 0, total: 0 };
  for (const { times } of os.cpus()) {
    sum.idle += times.idle;
    sum.total += times.user + times.nice + times.sys + times.idle + times.irq;
  }
  return sum;
}

/** Of the warmest sensor, where the system shows any. */
export function readTemperature(folder = SENSORS): number | null {
  try {
    const found = readdirSync(folder)
      .filter((name) => name.startsWith('thermal_zone'))
      .flatMap((name) => {
        try {
          return [Number(readFileSync(`${folder}/${name}/temp`, 'utf8').trim()) / 1000];
        } catch {
          return [];
        }
      })
      .filter((degrees) => degrees > LIKELY.from && degrees < LIKELY.to && degrees !== 0);
    return found.length === 0 ? null : Math.max(...found);
  } catch {
    return null;
  }
}

/** Memory that programs could have: what the system uses for its caches counts as free. */
function freeMemory(): number {
  try {
    const [, kilobytes] = /^MemAvailable:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8')) ?? [];
    return kilobytes === undefined ? os.freemem() : Number(kilobytes) * 1024;
  } catch {
    return os.freemem();
  }
}

/** Reads how the machine is. */
export class HostReader {
  readonly #questions: HostQuestions;
  #last = cpuTimes();
  #cpuPercent: number | null = null;

  constructor(questions: HostQuestions) {
    this.#questions = questions;
  }

  async read(): Promise<HostHealth> {
    const { folder, nodeRed, address, spooled } = this.#questions;
    const disk = await diskSpace(folder);
    const running = nodeRed();
    const { messages, bytes } = spooled();
    return {
      cpuPercent: this.#measureCpu(),
      cores: os.cpus().length || null,
      // Windows tells none.
      load: process.platform === 'win32' ? null : (os.loadavg()[0] ?? null),
      memoryTotalBytes: os.totalmem(),
      memoryFreeBytes: freeMemory(),
      diskTotalBytes: disk?.total ?? null,
      diskFreeBytes: disk?.free ?? null,
      temperature: readTemperature(),
      uptimeSeconds: Math.round(os.uptime()),
      agentUptimeSeconds: Math.round(process.uptime()),
      agentMemoryBytes: process.memoryUsage.rss(),
      nodeRedMemoryBytes: running?.memoryBytes ?? null,
      nodeRedCpuPercent: running?.cpuPercent ?? null,
      address: address(),
      spooledMessages: messages,
      spooledBytes: bytes,
    };
  }

  /** Since the time before; so soon after it that there is nothing to measure, what was measured then. */
  #measureCpu(): number | null {
    const now = cpuTimes();
    const total = now.total - this.#last.total;
    if (total > 0) {
      const busy = 1 - (now.idle - this.#last.idle) / total;
      this.#cpuPercent = Math.round(Math.min(1, Math.max(0, busy)) * 1000) / 10;
      this.#last = now;
    }
    return this.#cpuPercent;
  }
}
