import type { SnapshotView } from '@flowyard/protocol';
import type { Node, NodeAPI, NodeDef, NodeMessage } from 'node-red';
import { callApi, readPlatform } from '../shared/platform';
import { buildRequest, statusText } from './behaviour';

interface SnapshotDef extends NodeDef {
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

  async function take(node: Node, def: SnapshotDef, msg: NodeMessage): Promise<SnapshotView> {
    const platform = readPlatform();
    if (platform === null || platform.instanceId === null) {
      throw new Error(RED._(`flowyard-snapshot.error.${platform === null ? 'outside' : 'device'}`));
    }
    const request = buildRequest(
      await evaluate(node, def.snapshotName, def.snapshotNameType, msg),
      await evaluate(node, def.description, def.descriptionType, msg),
      new Date(),
    );
    return callApi<SnapshotView>(platform, 'POST', `/instances/${platform.instanceId}/snapshots`, request);
  }

  function SnapshotNode(this: Node, def: SnapshotDef): void {
    RED.nodes.createNode(this, def);
    let underWay = 0;
    this.on('input', async (msg, send, done) => {
      underWay += 1;
      this.status({ fill: 'blue', shape: 'ring', text: 'flowyard-snapshot.status.taking' });
      try {
        const snapshot = await take(this, def, msg);
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
          this.status({ fill: 'blue', shape: 'ring', text: 'flowyard-snapshot.status.taking' });
        }
      }
    });
  }
  RED.nodes.registerType('flowyard-snapshot', SnapshotNode);
}
