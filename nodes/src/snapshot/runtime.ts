import type { Page, SnapshotView } from '@flowyard/protocol';
import type { Node, NodeAPI, NodeDef, NodeMessage } from 'node-red';
import { callApi, type Platform, readPlatform } from '../shared/platform';
import { buildRequest, chooseSnapshot, statusText } from './behaviour';

interface SnapshotDef extends NodeDef {
  /** Nodes of earlier versions have none: they take. */
  action?: 'take' | 'restore';
  snapshotName: string;
  snapshotNameType: string;
  description: string;
  descriptionType: string;
}

export default function register(RED: NodeAPI): void {
  function evaluate(node: Node, value: string, type: string, msg: NodeMessage): Promise<unknown> {
    return new Promise((resolve, reject) => {
      RED.util.evaluateNodeProperty(
        value ?? '',
        type || 'str',
        node,
        msg,
        (error: Error | null, result: unknown) => (error ? reject(error) : resolve(result)),
      );
    });
  }

  function ownInstance(): { platform: Platform; path: string } {
    const platform = readPlatform();
    if (platform === null || platform.instanceId === null) {
      throw new Error(RED._(`flowyard-snapshot.error.${platform === null ? 'outside' : 'device'}`));
    }
    return { platform, path: `/instances/${platform.instanceId}` };
  }

  /** Answers the snapshot that is put back. The flows begin anew, so hardly anything happens here afterwards. */
  async function restore(node: Node, def: SnapshotDef, msg: NodeMessage): Promise<SnapshotView> {
    const { platform, path } = ownInstance();
    const wanted = String((await evaluate(node, def.snapshotName, def.snapshotNameType, msg)) ?? '').trim();
    if (wanted === '') {
      throw new Error(RED._('flowyard-snapshot.error.which'));
    }
    const search = `${path}/snapshots?limit=200&search=${encodeURIComponent(wanted)}`;
    const { items } = await callApi<Page<SnapshotView>>(platform, 'GET', search);
    const snapshot =
      chooseSnapshot(items, wanted) ??
      (await callApi<SnapshotView>(platform, 'GET', `/snapshots/${encodeURIComponent(wanted)}`));
    await callApi(platform, 'POST', `${path}/rollback`, { snapshotId: snapshot.id });
    return snapshot;
  }

  async function take(node: Node, def: SnapshotDef, msg: NodeMessage): Promise<SnapshotView> {
    const { platform, path } = ownInstance();
    const request = buildRequest(
      await evaluate(node, def.snapshotName, def.snapshotNameType, msg),
      await evaluate(node, def.description, def.descriptionType, msg),
      new Date(),
    );
    return callApi<SnapshotView>(platform, 'POST', `${path}/snapshots`, request);
  }

  function SnapshotNode(this: Node, def: SnapshotDef): void {
    RED.nodes.createNode(this, def);
    let underWay = 0;
    const isRestoring = def.action === 'restore';
    const doing = isRestoring ? 'flowyard-snapshot.status.restoring' : 'flowyard-snapshot.status.taking';
    this.on('input', async (msg, send, done) => {
      underWay += 1;
      this.status({ fill: 'blue', shape: 'ring', text: doing });
      try {
        const snapshot = await (isRestoring ? restore : take)(this, def, msg);
        this.status({ fill: 'green', shape: 'dot', text: statusText(snapshot) });
        msg.payload = snapshot;
        send(msg);
        done();
      } catch (error) {
        this.status({ fill: 'red', shape: 'dot', text: 'node-red:common.status.error' });
        done(error as Error);
      } finally {
        underWay -= 1;
        if (underWay > 0) {
          this.status({ fill: 'blue', shape: 'ring', text: doing });
        }
      }
    });
  }
  RED.nodes.registerType('flowyard-snapshot', SnapshotNode);
}
