import type { FlowHealthReport } from '@flowyard/protocol';
import type { Node, NodeAPI, NodeDef } from 'node-red';
import { findFlowRuntime } from '../shared/flow-runtime';
import { onStatement, type StatementDef } from '../shared/statement-input';
import { readNumber, shortened } from '../shared/statements';

interface HealthDef extends NodeDef, StatementDef {
  /** How long the flow has, after its start, to say for the first time that it is well; empty: for ever. */
  proofSeconds?: string | number;
}

const WORDS = { yes: 'well', no: 'unwell', catalogue: 'flowyard-health' };
const MOST_PROOF_SECONDS = 600;

export default function register(RED: NodeAPI): void {
  /** Of the nodes that a deploy leaves running: what was said before it says nothing about what was deployed. */
  const beginAnew = new Set<() => void>();
  RED.events.on('flows:starting', () => {
    for (const begin of beginAnew) {
      begin();
    }
  });

  function HealthNode(this: Node, def: HealthDef): void {
    RED.nodes.createNode(this, def);
    const runtime = findFlowRuntime();
    const proofSeconds = readNumber(def.proofSeconds ?? '', 1, MOST_PROOF_SECONDS);
    let proof: NodeJS.Timeout | undefined;

    const show = ({ state, reason }: FlowHealthReport) => {
      const fill = { well: 'green', unwell: 'red', unproven: 'yellow' } as const;
      const text = state === 'unwell' ? shortened(reason) : RED._(`flowyard-health.status.${state}`);
      this.status({ fill: fill[state], shape: state === 'unproven' ? 'ring' : 'dot', text });
    };
    const report = (said: FlowHealthReport) => {
      if (runtime !== null) {
        runtime.reportHealth(this.id, said);
        show(said);
      }
    };
    const begin = () => {
      clearTimeout(proof);
      if (runtime === null) {
        this.status({ fill: 'grey', shape: 'ring', text: 'flowyard-health.status.outside' });
      } else if (proofSeconds === null) {
        runtime.reportHealth(this.id, undefined);
        this.status({});
      } else {
        report({ state: 'unproven', reason: '' });
        proof = setTimeout(() => {
          const reason = `It did not report within ${proofSeconds} seconds.`;
          report({ state: 'unwell', reason: def.name ? `${def.name}: ${reason}` : reason });
        }, proofSeconds * 1000);
      }
    };

    beginAnew.add(begin);
    begin();
    onStatement(RED, this, def, WORDS, ({ says, reason }) => {
      clearTimeout(proof);
      const given = reason || def.name || 'It is not well.';
      report(says ? { state: 'well', reason: '' } : { state: 'unwell', reason: given });
    });
    this.on('close', () => {
      beginAnew.delete(begin);
      clearTimeout(proof);
      runtime?.reportHealth(this.id, undefined);
    });
  }
  RED.nodes.registerType('flowyard-health', HealthNode);
}
