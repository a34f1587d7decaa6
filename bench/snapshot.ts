import { buildApplication } from '../test/support/builders.ts';
import { ControlPlaneProcess } from '../test/support/control-plane-process.ts';
import type { BenchOptions } from './options.ts';
import type { Row } from './rows.ts';
import { benchCompare } from './snapshot/compare.ts';
import { benchCreateAndRead } from './snapshot/create-and-read.ts';
import { benchStoreAndList } from './snapshot/store-and-list.ts';

/** How quickly snapshots are taken, listed and read, and what they take on the disk. */
export async function runSnapshot(options: BenchOptions): Promise<Row[]> {
  const cp = new ControlPlaneProcess();
  await cp.start();
  try {
    const { applicationId } = await buildApplication(cp);
    const rows = await benchCreateAndRead(cp, applicationId, options);
    const stored = await benchStoreAndList(cp, options);
    return [...rows, ...stored, ...(await benchCompare(options))].sort((a, b) => a.row.localeCompare(b.row));
  } finally {
    await cp.stop();
  }
}
