import { RealDevice } from '../../test/integration/device-agent/support/real-device.ts';
import { sharedDeviceStore } from '../../test/support/device-store.ts';
import type { BenchOptions } from '../options.ts';
import { measuredRow, type Row } from '../rows.ts';
import { startBareNodeRed } from '../support/bare-node-red.ts';
import { flowsOf } from '../support/flows.ts';
import { untilAnswers } from '../support/until-answers.ts';
import { PEER } from './peer.ts';

async function postedAfter(url: string, flows: unknown, text: string): Promise<number> {
  const begin = performance.now();
  const headers = { 'content-type': 'application/json', 'node-red-deployment-type': 'full' };
  const response = await fetch(`${url}/flows`, { method: 'POST', headers, body: JSON.stringify(flows) });
  await response.arrayBuffer();
  await untilAnswers(url, '/bench', text);
  return performance.now() - begin;
}

/** Other flows on a connected device: from setting the target until the route answers with them. */
export async function benchFlowsOnly({ quick, say }: BenchOptions): Promise<Row[]> {
  const rounds = quick ? 2 : 6;
  const rows: Row[] = [];
  const real = await RealDevice.create(sharedDeviceStore());
  const bare = await startBareNodeRed();
  let restarts = 0;
  try {
    real.device.start();
    await real.setTarget(await real.snapshot(flowsOf(10, 'first')));
    await untilAnswers(real.url, '/bench', 'first');
    const pid = await real.device.nodeRedPid();
    for (const nodes of [10, 500, 5000] as const) {
      const figures = { bare: [] as number[], ours: [] as number[] };
      for (let round = 0; round < rounds; round++) {
        say(`D5: ${nodes} nodes, round ${round + 1} of ${rounds}`);
        const text = `${nodes} nodes, round ${round}`;
        const flows = flowsOf(nodes, text);
        figures.bare.push(await postedAfter(bare.url, flows, text));
        const snapshotId = await real.snapshot(flows);
        const begin = performance.now();
        await real.setTarget(snapshotId);
        await untilAnswers(real.url, '/bench', text);
        figures.ours.push(performance.now() - begin);
        restarts += (await real.device.nodeRedPid()) === pid ? 0 : 1;
      }
      const what = `other flows of ${nodes} nodes → route answers`;
      const peer = PEER.flowsOnlyMs[nodes];
      const goal = { against: peer, ratio: 0.1, text: `≤ 0.1 × peer (${peer} ms)` };
      rows.push(
        measuredRow({ row: 'D5', what, variant: 'POST /flows to bare', unit: 'ms' }, figures.bare),
        measuredRow({ row: 'D5', what, variant: 'ours', unit: 'ms' }, figures.ours, goal),
      );
    }
  } finally {
    await bare.stop();
    await real.stop();
  }
  const head = { row: 'D5', what: 'restarts of Node-RED during that', variant: 'ours', unit: '' };
  const row = measuredRow(head, [restarts]);
  return [...rows, { ...row, goal: 'none', met: restarts === 0 }];
}
