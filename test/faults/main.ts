import { stopPostgres } from '../support/postgres.ts';
import { DEVICE_FAULTS } from './device/faults.ts';
import { runFault, stopFault } from './device/run-fault.ts';
import { tableHead, tableRow } from './device/table.ts';

const GROUPS = { device: DEVICE_FAULTS };

/** `npm run test:faults -- device [part of a name …]`: does each fault to a real device and prints what became of it. */
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
    const row = await runFault(fault);
    failed += row.ok === false ? 1 : 0;
    skipped += row.ok === null ? 1 : 0;
    process.stdout.write(`${tableRow(row)}\n`);
  }
  const left = skipped === 0 ? '' : `, ${skipped} not possible here`;
  process.stdout.write(`${asked.length - failed - skipped} as expected, ${failed} not${left}\n`);
  return failed === 0 ? 0 : 1;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void stopFault().finally(() => process.exit(1)));
}

process.exit(await main().finally(stopPostgres));
