import { buildInstance } from '../../test/support/builders.ts';
import type { ControlPlaneProcess } from '../../test/support/control-plane-process.ts';
import type { BenchOptions } from '../options.ts';
import { measuredRow, type Row } from '../rows.ts';
import { flowsOf } from '../support/flows.ts';
import { PEER } from './peer.ts';
import { timesInTurn, timesOf } from './timed.ts';

const SIZES = [10, 500, 5000] as const;
const NODES = 5000;

type Take = () => Promise<string>;

/** Taking a snapshot of flows of that size; gives its id. */
async function takerOf(cp: ControlPlaneProcess, applicationId: string, nodes: number): Promise<Take> {
  const { id } = await buildInstance(cp, applicationId, { flows: flowsOf(nodes, 'bench') });
  return async () => {
    // Without the checks of the client, which would count here.
    const { status, body } = await cp.admin.send('POST', `/instances/${id}/snapshots`, {
      body: { name: 'Bench' },
    });
    if (status !== 201) {
      throw new Error(`The snapshot was not taken: ${status}.`);
    }
    return (body as { id: string }).id;
  };
}

/** Taking a snapshot of flows of several sizes, in turn, and reading the flows of the largest. */
export async function benchCreateAndRead(
  cp: ControlPlaneProcess,
  applicationId: string,
  { quick, say }: BenchOptions,
): Promise<Row[]> {
  const rounds = quick ? 5 : 30;
  say(`S1: ${SIZES.join(', ')} nodes`);
  const takes: Take[] = [];
  for (const nodes of SIZES) {
    takes.push(await takerOf(cp, applicationId, nodes));
  }
  const times = await timesInTurn(rounds, takes);
  const rows = SIZES.map((nodes, index) => {
    const peer = PEER.createMs[nodes];
    const head = { row: 'S1', what: `create with ${nodes} nodes`, variant: 'ours', unit: 'ms' };
    const goal = { against: peer, ratio: 0.5, text: `≤ 0.5 × peer (${peer} ms)` };
    return measuredRow(head, times[index] ?? [], goal);
  });
  const largest = await takes.at(-1)?.();
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
