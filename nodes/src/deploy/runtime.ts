import type { DeploymentView } from '@flowyard/protocol';
import type { Node, NodeAPI, NodeDef, NodeMessage, NodeStatusFill } from 'node-red';
import { readPlatform } from '../shared/platform';
import { Follow } from './follow';
import { readWebhook, startPush } from './start';

interface DeployDef extends NodeDef {
  /** When messages are sent: at the end only, or at each change, too. */
  sends: 'end' | 'changes';
}

type DeployNode = Node<{ webhook: unknown }>;

const FILLS: Partial<Record<DeploymentView['state'], NodeStatusFill>> = {
  succeeded: 'green',
  failed: 'red',
  halted: 'red',
  aborted: 'grey',
  'rolled-back': 'grey',
  planned: 'yellow',
  paused: 'yellow',
};

function payloadOf({
  id,
  state,
  message,
  from,
  to,
  snapshot,
  counts,
  wave,
  createdAt,
  finishedAt,
}: DeploymentView) {
  return { id, state, message, from, to, snapshot, counts, wave, createdAt, finishedAt };
}

function snapshotOf(msg: NodeMessage): string | null {
  const { snapshotId } = msg as { snapshotId?: unknown };
  return typeof snapshotId === 'string' && snapshotId !== '' ? snapshotId : null;
}

export default function register(RED: NodeAPI): void {
  function DeployNodeConstructor(this: DeployNode, def: DeployDef): void {
    RED.nodes.createNode(this, def);
    const following = new Set<Follow>();

    const show = ({ state, counts }: DeploymentView) => {
      const words = RED._(`flowyard-deploy.states.${state}`);
      const progress = counts.total > 1 ? ` ${counts.succeeded}/${counts.total}` : '';
      this.status({ fill: FILLS[state] ?? 'blue', shape: 'dot', text: `${words}${progress}` });
    };

    const follow = async (msg: NodeMessage, deploymentId: string, send: (msg: NodeMessage) => void) => {
      const platform = readPlatform();
      if (platform === null) {
        throw new Error(RED._('flowyard-deploy.error.outside'));
      }
      const one = new Follow({
        platform,
        deploymentId,
        onChange: (deployment) => {
          show(deployment);
          if (def.sends === 'changes' && deployment.finishedAt === null) {
            send({ ...RED.util.cloneMessage(msg), payload: payloadOf(deployment) });
          }
        },
      });
      following.add(one);
      try {
        return await one.ended;
      } finally {
        following.delete(one);
        await one.close();
      }
    };

    this.on('input', async (msg, send, done) => {
      this.status({ fill: 'blue', shape: 'ring', text: 'flowyard-deploy.status.starting' });
      try {
        const { deploymentId } = await startPush(readWebhook(this.credentials?.webhook), snapshotOf(msg));
        const deployment = await follow(msg, deploymentId, send);
        send({ ...msg, payload: payloadOf(deployment) } as NodeMessage);
        done();
      } catch (error) {
        this.status({ fill: 'red', shape: 'dot', text: 'node-red:common.status.error' });
        done(error as Error);
      }
    });
    this.on('close', (done: () => void) => {
      void Promise.all([...following].map((one) => one.close())).finally(done);
    });
  }
  RED.nodes.registerType('flowyard-deploy', DeployNodeConstructor, {
    credentials: { webhook: { type: 'password' } },
  });
}
