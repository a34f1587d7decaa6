import type { Node, NodeAPI, NodeDef, NodeMessage } from 'node-red';
import { type AddressSetting, addressOf } from './address';
import type { CallResult } from './calls';
import { LinkNode } from './link-node';

interface LinkCallDef extends NodeDef, AddressSetting {
  /** In seconds. */
  timeout: string | number;
}

const DEFAULT_TIMEOUT_S = 30;
const LONGEST_TIMEOUT_S = 24 * 3600;

function timeoutOf({ timeout }: LinkCallDef): number {
  const seconds = Number(timeout);
  return Math.min(seconds > 0 ? seconds : DEFAULT_TIMEOUT_S, LONGEST_TIMEOUT_S) * 1000;
}

/** The answer in the message that asked: of one runtime what it sent, of a group a list. */
function answered(msg: NodeMessage, { answers, silent, away }: CallResult, all: boolean): NodeMessage {
  if (!all) {
    const [first] = answers;
    return { ...msg, ...first?.message, _msgid: msg._msgid, link: { from: first?.from } } as NodeMessage;
  }
  const payload = answers.map(({ from, message }) => ({ from, payload: message.payload }));
  return { ...msg, payload, link: { silent, away } } as NodeMessage;
}

export function registerLinkCall(RED: NodeAPI): void {
  function LinkCallNode(this: Node, def: LinkCallDef): void {
    RED.nodes.createNode(this, def);
    let asking = 0;
    const node = new LinkNode(RED, this, {
      status: () =>
        asking > 0
          ? { fill: 'blue', shape: 'ring', text: RED._('flowyard-link-call.status.asking', { asking }) }
          : { fill: 'green', shape: 'dot', text: 'node-red:common.status.connected' },
    });
    this.on('input', async (msg, send, done) => {
      asking += 1;
      node.refresh();
      try {
        const links = await node.links();
        const address = addressOf(def, msg);
        const all = address.place === 'device-group';
        const { link: _link, ...message } = msg as NodeMessage & { link?: unknown };
        const result = await links.call(address, message, { timeoutMs: timeoutOf(def), all });
        send(answered(msg, result, all));
        done();
      } catch (error) {
        done(error as Error);
      } finally {
        asking -= 1;
        node.refresh();
      }
    });
  }
  RED.nodes.registerType('flowyard-link-call', LinkCallNode);
}
