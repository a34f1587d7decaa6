import type { Node, NodeAPI, NodeDef } from 'node-red';
import { findFlowRuntime } from '../shared/flow-runtime';
import { onStatement, type StatementDef } from '../shared/statement-input';
import { readNumber, shortened } from '../shared/statements';

interface UpdateLockDef extends NodeDef, StatementDef {
  /** After which a lock lapses that nobody released. */
  longestMinutes?: string | number;
}

const WORDS = { yes: 'lock', no: 'unlock', catalogue: 'flowyard-update-lock' };
const DEFAULT_MINUTES = 60;
const MOST_MINUTES = 24 * 60;
const MINUTE_MS = 60_000;

function clock(time: number): string {
  return new Date(time).toTimeString().slice(0, 5);
}

export default function register(RED: NodeAPI): void {
  function UpdateLockNode(this: Node, def: UpdateLockDef): void {
    RED.nodes.createNode(this, def);
    const runtime = findFlowRuntime();
    const minutes = readNumber(def.longestMinutes ?? '', Number.MIN_VALUE, MOST_MINUTES) ?? DEFAULT_MINUTES;
    /** While it holds: until when, by the monotonic clock, and what ends it then. */
    let held: { until: number; lapse: NodeJS.Timeout } | null = null;

    const showFree = () =>
      this.status({ fill: 'grey', shape: 'ring', text: 'flowyard-update-lock.status.free' });
    const lapse = () => {
      held = null;
      runtime?.holdUpdates(this.id, undefined);
      this.status({ fill: 'red', shape: 'ring', text: 'flowyard-update-lock.status.lapsed' });
      this.warn(RED._('flowyard-update-lock.warning.lapsed', { minutes: String(minutes) }));
    };
    /** A second lock does not last longer than the first: else a flow could hold updates for ever. */
    const lock = (reason: string) => {
      const forMs = Math.ceil(minutes * MINUTE_MS);
      held ??= { until: performance.now() + forMs, lapse: setTimeout(lapse, forMs) };
      const leftMs = Math.max(1, Math.ceil(held.until - performance.now()));
      runtime?.holdUpdates(this.id, { reason: reason || def.name || 'a batch runs', forMs: leftMs });
      const words = RED._('flowyard-update-lock.status.held', { until: clock(Date.now() + leftMs) });
      const text = reason === '' ? words : `${words}: ${shortened(reason)}`;
      this.status({ fill: 'yellow', shape: 'dot', text });
    };
    const release = () => {
      clearTimeout(held?.lapse);
      held = null;
      runtime?.holdUpdates(this.id, undefined);
    };

    if (runtime === null) {
      this.status({ fill: 'grey', shape: 'ring', text: 'flowyard-update-lock.status.outside' });
    } else {
      showFree();
    }
    onStatement(RED, this, def, WORDS, ({ says, reason }) => {
      if (runtime === null) {
        return;
      }
      if (says) {
        lock(reason);
      } else {
        release();
        showFree();
      }
    });
    this.on('close', release);
  }
  RED.nodes.registerType('flowyard-update-lock', UpdateLockNode);
}
