import { benchRestart, benchRollBack } from './launch/change.ts';
import { benchControlPlane } from './launch/control-plane.ts';
import { benchCreate, benchNodeRed5 } from './launch/create.ts';
import { benchMemory } from './launch/footprint.ts';
import type { BenchOptions } from './options.ts';
import type { Row } from './rows.ts';

/** How quickly instances come up, change, and survive. */
export async function runLaunch(options: BenchOptions): Promise<Row[]> {
  const rows = [...(await benchCreate(options))];
  if (!options.quick) {
    rows.push(...(await benchNodeRed5(options)));
  }
  rows.push(...(await benchRestart(options)));
  rows.push(...(await benchRollBack(options)));
  rows.push(...(await benchMemory(options)));
  rows.push(...(await benchControlPlane(options)));
  return rows;
}
