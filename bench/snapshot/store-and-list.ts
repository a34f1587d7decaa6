import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { FlowNode } from '@flowyard/protocol';
import { buildApplication, buildInstance } from '../../test/support/builders.ts';
import type { ControlPlaneProcess } from '../../test/support/control-plane-process.ts';
import type { BenchOptions } from '../options.ts';
import { measuredRow, type Row } from '../rows.ts';
import { flowsOf } from '../support/flows.ts';
import { PEER } from './peer.ts';
import { timesInTurn } from './timed.ts';

/** Flows of 1.2 MB. */
const NODES_OF_LARGE = 6600;
const NODES_OF_SMALL = 10;
const MB = 1_000_000;
const LARGEST_MB = 50;

/** What the database takes on the disk, once nothing has it open. */
async function diskMb(cp: ControlPlaneProcess): Promise<number> {
  await cp.end('SIGTERM');
  const size = statSync(join(cp.dataDir, 'flowyard.sqlite')).size / MB;
  await cp.start();
  return size;
}

/** Many snapshots, each of flows that differ from those before in one node. */
async function addSnapshots(
  cp: ControlPlaneProcess,
  applicationId: string,
  { nodes, count, say }: { nodes: number; count: number; say: (line: string) => void },
): Promise<string> {
  const { id } = await buildInstance(cp, applicationId);
  const flows = flowsOf(nodes, 'bench');
  for (let index = 0; index < count; index++) {
    const at = 4 + ((index * 37) % (nodes - 4));
    flows[at] = { ...flows[at], name: `Changed by edit ${index}` } as FlowNode;
    await cp.admin.call('putFlows', { params: { id }, body: { revision: index, flows } });
    await cp.admin.call('createInstanceSnapshot', { params: { id }, body: { name: `Edit ${index}` } });
    if ((index + 1) % 100 === 0) {
      say(`S3: ${index + 1} of ${count} snapshots of ${nodes} nodes`);
    }
  }
  return id;
}

/** What many snapshots of large flows take on the disk, and how quickly they are listed. */
export async function benchStoreAndList(cp: ControlPlaneProcess, options: BenchOptions): Promise<Row[]> {
  const { quick, say } = options;
  const count = quick ? 100 : 1000;
  const rounds = quick ? 10 : 50;
  const { applicationId } = await buildApplication(cp);
  const before = await diskMb(cp);
  const large = await addSnapshots(cp, applicationId, { nodes: NODES_OF_LARGE, count, say });
  const took = (await diskMb(cp)) - before;
  const small = await addSnapshots(cp, applicationId, { nodes: NODES_OF_SMALL, count, say });
  const list = async (id: string) => {
    const headers = { cookie: cp.admin.cookie ?? '' };
    const answer = await fetch(`${cp.url}/api/v1/instances/${id}/snapshots`, { headers });
    if (!answer.ok || (await answer.json()).items.length !== 50) {
      throw new Error('The snapshots were not listed.');
    }
  };
  const [listSmall, listLarge] = await timesInTurn(rounds, [() => list(small), () => list(large)]);
  const most = (LARGEST_MB * count) / 1000;
  const what = `list 50 of ${count} snapshots`;
  const ofSmall = measuredRow(
    { row: 'S2', what, variant: `${NODES_OF_SMALL} nodes`, unit: 'ms' },
    listSmall,
    { against: PEER.listMs, ratio: 1, text: `≤ peer (${PEER.listMs} ms)` },
  );
  const variant = `${NODES_OF_LARGE} nodes`;
  return [
    ofSmall,
    measuredRow({ row: 'S2', what, variant, unit: 'ms' }, listLarge, {
      against: PEER.listMs,
      ratio: 1,
      text: `≤ peer (${PEER.listMs} ms)`,
    }),
    measuredRow({ row: 'S2', what: `${what}: large against small`, variant, unit: 'ms' }, listLarge, {
      against: ofSmall.median,
      ratio: 1.2,
      text: '≤ 1.2 × of 10 nodes',
    }),
    measuredRow(
      { row: 'S3', what: `disk of ${count} snapshots of 1.2 MB`, variant: 'ours', unit: 'MB' },
      [took],
      { against: most, ratio: 1, text: `≤ ${most} MB` },
    ),
  ];
}
