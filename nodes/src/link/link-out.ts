import type { Node, NodeAPI, NodeDef, NodeMessage, NodeStatus } from 'node-red';
import { type AddressSetting, addressOf } from './address';
import type { CallOrigin } from './arrivals';
import type { FlowLinks } from './flow-links';
import { LinkNode } from './link-node';
import type { Confirmation } from './queue/outbox';

interface LinkOutDef extends NodeDef, AddressSetting {
  mode: 'send' | 'answer';
  confirm: Confirmation;
  /** How many seconds a message may wait; empty or 0 is for ever. */
  expires: string | number;
}

interface Linked extends NodeMessage {
  link?: { call?: CallOrigin };
}

/** Where a message came from is of no use where it goes. */
function withoutLink({ link: _link, ...message }: Linked): object {
  return message;
}

export function registerLinkOut(RED: NodeAPI): void {
  function statusOf(def: LinkOutDef, links: FlowLinks): NodeStatus {
    if (def.mode === 'answer') {
      return { fill: 'green', shape: 'dot', text: 'node-red:common.status.connected' };
    }
    const setting: AddressSetting = def;
    const { waiting, lost, problem } =
      setting.place === 'message'
        ? { waiting: links.waiting, lost: links.lost, problem: null }
        : (links.outbox(addressOf(setting, {})) ?? { waiting: 0, lost: 0, problem: null });
    if (problem !== null) {
      return { fill: 'red', shape: 'dot', text: problem.slice(0, 60) };
    }
    if (lost > 0) {
      return {
        fill: 'red',
        shape: 'ring',
        text: RED._('flowyard-link-out.status.damaged', { lost, waiting }),
      };
    }
    if (waiting > 0) {
      return { fill: 'yellow', shape: 'dot', text: RED._('flowyard-link-out.status.waiting', { waiting }) };
    }
    return { fill: 'green', shape: 'dot', text: 'node-red:common.status.connected' };
  }

  function answer(links: FlowLinks, msg: Linked): void {
    const call = msg.link?.call;
    if (call === undefined) {
      throw new Error(RED._('flowyard-link-out.error.no-call'));
    }
    links.answer(call, withoutLink(msg));
  }

  async function send(links: FlowLinks, def: LinkOutDef, msg: Linked): Promise<void> {
    const seconds = Number(def.expires) || 0;
    await links.send(addressOf(def, msg), withoutLink(msg), {
      confirm: def.confirm === 'delivered' ? 'delivered' : 'kept',
      until: seconds > 0 ? Date.now() + seconds * 1000 : 0,
    });
  }

  function LinkOutNode(this: Node, def: LinkOutDef): void {
    RED.nodes.createNode(this, def);
    const node = new LinkNode(RED, this, { status: (links) => statusOf(def, links) });
    this.on('input', (msg, _send, done) => {
      node
        .links()
        .then((links) => (def.mode === 'answer' ? answer(links, msg) : send(links, def, msg)))
        .then(() => done(), done);
    });
  }
  RED.nodes.registerType('flowyard-link-out', LinkOutNode);
}
