import type { Registry } from 'prom-client';
import type { LinkHub } from '../../relay/links/link-hub.ts';

/** What passes between flows by their link nodes. */
export async function linkGauges(
  registry: Registry,
  { figures, present }: Pick<LinkHub, 'figures' | 'present'>,
): Promise<void> {
  const { Counter, Gauge } = await import('prom-client');
  const registers = [registry];
  const gauge = (name: string, help: string, value: number) =>
    new Gauge({ name: `flowyard_link_${name}`, help, registers }).set(value);
  const counter = (name: string, help: string, value: number) =>
    new Counter({ name: `flowyard_link_${name}_total`, help, registers }).inc(value);
  gauge('connections', 'Runtimes with link nodes that are connected', present.connections);
  gauge('buffered_bytes', 'Bytes that wait to be read by them', present.bufferedBytes);
  counter('messages', 'Messages passed on', figures.messages);
  counter('bytes', 'Bytes of their content', figures.bytes);
  counter('calls', 'Calls passed on', figures.calls);
  counter('answers', 'Answers passed back', figures.answers);
  const waiting = new Counter({
    name: 'flowyard_link_put_back_total',
    help: 'Messages that went back to wait at their sender',
    labelNames: ['reason'],
    registers,
  });
  for (const [reason, value] of Object.entries(figures.notTaken)) {
    waiting.inc({ reason }, value);
  }
  const refused = new Counter({
    name: 'flowyard_link_refused_total',
    help: 'Messages and calls that may not go where they should',
    labelNames: ['code'],
    registers,
  });
  for (const [code, value] of figures.refused) {
    refused.inc({ code }, value);
  }
}
