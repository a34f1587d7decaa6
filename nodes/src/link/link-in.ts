import type { Node, NodeAPI, NodeDef } from 'node-red';
import type { Arrived } from './arrivals';
import { LinkNode } from './link-node';

interface LinkInDef extends NodeDef {
  link: string;
  hears: 'application' | 'team';
}

/** The message for the flow: what was sent, and beside it where it is from. */
function messageOf({ message, from, link, call }: Arrived): Record<string, unknown> {
  return { ...message, link: { from, name: link, ...(call !== null && { call }) } };
}

export function registerLinkIn(RED: NodeAPI): void {
  function LinkInNode(this: Node, def: LinkInDef): void {
    RED.nodes.createNode(this, def);
    const link = (def.link ?? '').trim();
    if (link === '') {
      this.status({ fill: 'red', shape: 'dot', text: 'flowyard-link-in.status.unnamed' });
      return;
    }
    new LinkNode(RED, this, {
      onReady: (links) =>
        links.listen({
          listener: { link, hears: def.hears === 'team' ? 'team' : 'application' },
          onMessage: (arrived) => this.send(messageOf(arrived)),
        }),
      status: () => ({ fill: 'green', shape: 'dot', text: link }),
    });
  }
  RED.nodes.registerType('flowyard-link-in', LinkInNode);
}
