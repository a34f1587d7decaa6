import { parseArgs } from 'node:util';
import { runApi } from './api.ts';
import { runDevice, runRollout } from './device.ts';
import { runLaunch } from './launch.ts';
import type { BenchOptions } from './options.ts';
import { runRelay } from './relay.ts';
import { formatTable, type Row } from './rows.ts';
import { runSnapshot } from './snapshot.ts';

const GROUPS: Record<string, (options: BenchOptions) => Promise<Row[]>> = {
  launch: runLaunch,
  api: runApi,
  device: runDevice,
  rollout: runRollout,
  snapshot: runSnapshot,
  relay: runRelay,
};

const { values, positionals } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const names = positionals.length > 0 ? positionals : Object.keys(GROUPS);
for (const name of names) {
  const run = GROUPS[name];
  if (run === undefined) {
    process.stderr.write(`There is no group ${name}; there are ${Object.keys(GROUPS).join(', ')}.\n`);
    process.exit(2);
  }
  const rows = await run({ quick: values.quick, say: (line) => process.stderr.write(`${line}\n`) });
  const text = values.json
    ? rows.map((row) => JSON.stringify(row)).join('\n')
    : `${name}\n${formatTable(rows)}\n`;
  process.stdout.write(`${text}\n`);
}
process.exit(0);
