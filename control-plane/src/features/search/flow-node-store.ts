import type { Flows } from '@flowyard/protocol';
import type { Knex } from 'knex';
import { BlobStore } from '../snapshots/blob-store.ts';
import { type IndexedNode, indexedNodes, wordsOf } from './indexed-nodes.ts';

const BATCH = 200;

function isSame(a: IndexedNode, b: IndexedNode | undefined): boolean {
  return b !== undefined && a.type === b.type && a.name === b.name && a.flow === b.flow;
}

/** The names and types of the nodes of hosted instances. */
export class FlowNodeStore {
  readonly #knex: Knex;
  readonly #blobs: BlobStore;

  constructor(knex: Knex) {
    this.#knex = knex;
    this.#blobs = new BlobStore(knex);
  }

  /** Makes the index say what the flows of an instance are now; only what is different is written. */
  async renew(instanceId: string): Promise<void> {
    const instance: { flows: string; indexed: string | null } | undefined = await this.#knex('instances')
      .where({ id: instanceId })
      .first({ flows: 'flows_digest', indexed: 'indexed_digest' });
    if (instance === undefined || instance.flows === instance.indexed) {
      return;
    }
    // The first write: whoever changes the flows meanwhile waits for it.
    await this.#knex('instances').where({ id: instanceId }).update({ indexed_digest: instance.flows });
    const flows: Flows = JSON.parse((await this.#blobs.get(instance.flows)).toString());
    const wanted = indexedNodes(flows);
    const present = await this.#nodesOf(instanceId);
    const gone = [...present.values()].filter((node) => !isSame(node, wanted.get(node.nodeId)));
    const added = [...wanted.values()].filter((node) => !isSame(node, present.get(node.nodeId)));
    await this.#delete(instanceId, gone);
    await this.#insert(instanceId, added);
  }

  /** Instances whose flows were put in place before there was an index. */
  async stale(limit: number): Promise<string[]> {
    const rows = await this.#knex('instances')
      .whereNull('indexed_digest')
      .orderBy('id')
      .limit(limit)
      .select<Array<{ id: string }>>('id');
    return rows.map(({ id }) => id);
  }

  async #nodesOf(instanceId: string): Promise<Map<string, IndexedNode>> {
    const rows = await this.#knex('flow_nodes')
      .where({ instance_id: instanceId })
      .select<IndexedNode[]>({ nodeId: 'node_id', type: 'type', name: 'name', flow: 'flow' });
    return new Map(rows.map((row) => [row.nodeId, row]));
  }

  async #delete(instanceId: string, nodes: IndexedNode[]): Promise<void> {
    const ids = nodes.map(({ nodeId }) => nodeId);
    for (let start = 0; start < ids.length; start += BATCH) {
      await this.#knex('flow_nodes')
        .where({ instance_id: instanceId })
        .whereIn('node_id', ids.slice(start, start + BATCH))
        .delete();
    }
  }

  async #insert(instanceId: string, nodes: IndexedNode[]): Promise<void> {
    for (let start = 0; start < nodes.length; start += BATCH) {
      await this.#knex('flow_nodes').insert(
        nodes.slice(start, start + BATCH).map((node) => ({
          instance_id: instanceId,
          node_id: node.nodeId,
          type: node.type,
          name: node.name,
          flow: node.flow,
          words: wordsOf(node),
        })),
      );
    }
  }
}
