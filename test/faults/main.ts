import { stopPostgres } from '../support/postgres.ts';
import { DEVICE_FAULTS } from './device/faults.ts';
import { type FaultRow, runFault, stopFault } from './device/run-fault.ts';
import { tableHead, tableRow } from './device/table.ts';
import { DEVICE_SNAPSHOT_KILLS } from './server/device-snapshot-kills.ts';
import { PART_CLEANUP_KILLS } from './server/part-cleanup-kills.ts';
import { ROLL_BACK_KILLS } from './server/roll-back-kills.ts';
import { KILL_POINTS, runKillPoint, stopKillPoints } from './server/rollout-kills.ts';
import { SCHEDULE_KILLS } from './server/schedule-kills.ts';
import { SCHEDULED_TRIGGER_KILLS, SNAPSHOT_TRIGGER_KILLS } from './server/trigger-kills.ts';
import { runWriteKills, stopWriteKills, type WriteKills } from './server/write-kills.ts';

interface Row {
  name: string;
  run: () => Promise<FaultRow>;
}

const killed = <State>(work: WriteKills<State>): Row => ({ name: work.name, run: () => runWriteKills(work) });

const GROUPS: Record<string, Row[]> = {
  device: DEVICE_FAULTS.map((fault) => ({ name: fault.name, run: () => runFault(fault) })),
  server: [
    ...KILL_POINTS.map((point) => ({ name: point.name, run: () => runKillPoint(point) })),
    killed(PART_CLEANUP_KILLS),
    killed(SCHEDULE_KILLS),
    killed(DEVICE_SNAPSHOT_KILLS),
    killed(SCHEDULED_TRIGGER_KILLS),
    killed(SNAPSHOT_TRIGGER_KILLS),
    killed(ROLL_BACK_KILLS),
  ],
};

/** `npm run test:faults -- device|server [part of a name …]`: does each fault and prints what became of it. */
async function main(): Promise<number> {
  const [name = 'device', ...words] = process.argv.slice(2);
  const faults = Object.entries(GROUPS).find(([group]) => group === name)?.[1];
  if (faults === undefined) {
    process.stderr.write(`There is no group ${name}; there are ${Object.keys(GROUPS).join(', ')}.\n`);
    return 2;
  }
  const asked = faults.filter((fault) => words.every((word) => fault.name.includes(word)));
  process.stdout.write(`${tableHead()}\n`);
  let failed = 0;
  let skipped = 0;
  for (const fault of asked) {
    const row = await fault.run();
    failed += row.ok === false ? 1 : 0;
    skipped += row.ok === null ? 1 : 0;
    process.stdout.write(`${tableRow(row)}\n`);
  }
  const left = skipped === 0 ? '' : `, ${skipped} not possible here`;
  process.stdout.write(`${asked.length - failed - skipped} as expected, ${failed} not${left}\n`);
  return failed === 0 ? 0 : 1;
}

async function stopAll(): Promise<void> {
  await stopFault();
  await stopKillPoints();
  await stopWriteKills();
  await stopPostgres();
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void stopAll().finally(() => process.exit(1)));
}

process.exit(await main().finally(stopAll));
