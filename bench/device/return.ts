import type { FlowNode } from '@flowyard/protocol';
import { RegisteredDevice } from '../../test/integration/device-agent/support/registered-device.ts';
import { eventually } from '../../test/support/eventually.ts';
import type { BenchOptions } from '../options.ts';
import { measuredRow, type Row } from '../rows.ts';
import { flowsOf } from '../support/flows.ts';
import { untilAnswers } from '../support/until-answers.ts';
import { GapWatch } from './gap-watch.ts';

const RETURN_MS = 30_000;
const GAP_MS = 10_000;

/** Flows that end Node-RED when they start. */
function crashing(round: number): FlowNode[] {
  const initialize = `Promise.reject(new Error("bad release ${round}"));`;
  const bad = {
    id: 'bad',
    type: 'function',
    z: 'tab',
    func: 'return msg;',
    initialize,
    libs: [],
    wires: [[]],
  };
  return [...flowsOf(10, 'bad'), bad];
}

/** A release that crashes: until the old flows answer again, and for how long none did. */
export async function benchReturn({ quick, say }: BenchOptions): Promise<Row[]> {
  const rounds = quick ? 2 : 6;
  const figures = { back: [] as number[], gap: [] as number[] };
  const at = await RegisteredDevice.create();
  try {
    at.device.start();
    const url = `http://127.0.0.1:${at.device.port}`;
    at.plane.setTarget({ snapshot: at.plane.snapshot('good01', { flows: flowsOf(10, 'good') }) });
    await untilAnswers(url, '/bench', 'good');
    for (let round = 0; round < rounds; round++) {
      say(`D7: round ${round + 1} of ${rounds}`);
      const id = `bad00${round}`;
      const watch = new GapWatch(url, '/bench');
      const begin = performance.now();
      at.plane.setTarget({ snapshot: at.plane.snapshot(id, { flows: crashing(round) }) });
      await eventually(() => at.plane.last?.failedSnapshotId === id, { withinMs: 120_000, everyMs: 5 });
      await untilAnswers(url, '/bench', 'good');
      figures.back.push(performance.now() - begin);
      figures.gap.push(await watch.stop());
      await eventually(() => at.runs('good01'), { withinMs: 60_000 });
    }
  } finally {
    await at.dispose();
  }
  const row = (what: string, values: number[], limit: number, text: string) =>
    measuredRow({ row: 'D7', what, variant: 'ours', unit: 'ms' }, values, { against: limit, ratio: 1, text });
  return [
    row('failed release: target set → old flows answer', figures.back, RETURN_MS, '≤ 30 s'),
    row('failed release: no flows for', figures.gap, GAP_MS, '≤ 10 s'),
  ];
}
