import { buildInstance } from '../../test/support/builders.ts';
import type { ControlPlaneProcess } from '../../test/support/control-plane-process.ts';
import type { BenchOptions } from '../options.ts';
import { measuredRow, type Row } from '../rows.ts';
import { flowsOf } from '../support/flows.ts';
import { PEER } from './peer.ts';
import { timesOf } from './timed.ts';

const NODES = 5000;

/** Taking a snapshot of flows of several sizes, and reading the flows of the largest. */
export async function benchCreateAndRead(
  cp: ControlPlaneProcess,
  applicationId: string,
  { quick, say }: BenchOptions,
): Promise<Row[]> {
  const rounds = quick ? 5 : 30;
  const rows: Row[] = [];
  let largest = '';
  for (const nodes of [10, 500, 5000] as const) {
    say(`S1: ${nodes} nodes`);
    const { id } = await buildInstance(cp, applicationId, { flows: flowsOf(nodes, 'bench') });
    const take = async () => {
      // Without the checks of the client, which would count here.
      const { status, body } = await cp.admin.send('POST', `/instances/${id}/snapshots`, {
        body: { name: 'Bench' },
      });
      if (status !== 201) {
        throw new Error(`The snapshot was not taken: ${status}.`);
      }
      largest = (body as { id: string }).id;
    };
    const peer = PEER.createMs[nodes];
    rows.push(
      measuredRow(
        { row: 'S1', what: `create with ${nodes} nodes`, variant: 'ours', unit: 'ms' },
        await timesOf(rounds, take),
        { against: peer, ratio: 0.5, text: `≤ 0.5 × peer (${peer} ms)` },
      ),
    );
  }
  say('S5');
  const read = async () => {
    const headers = { cookie: cp.admin.cookie ?? '' };
    const answer = await fetch(`${cp.url}/api/v1/snapshots/${largest}/flows`, { headers });
    if (!answer.ok || (await answer.arrayBuffer()).byteLength < NODES * 100) {
      throw new Error('The flows were not read.');
    }
  };
  const goal = { against: PEER.readMs, ratio: 0.3, text: `≤ 0.3 × peer (${PEER.readMs} ms)` };
  const head = { row: 'S5', what: 'full read of 5000 nodes', variant: 'ours', unit: 'ms' };
  return [...rows, measuredRow(head, await timesOf(rounds, read), goal)];
}
