import type { FlowHealthReport, ToldFlowState } from '@flowyard/protocol';

/** The same as in protocol/src/flow-state.ts, which is not loaded here. */
const LONGEST_REASON = 500;
export const LONGEST_HOLD_MS = 24 * 60 * 60_000;

/** A hold until a time of the monotonic clock: that of the machine may jump. */
export interface TimedHold {
  reason: string;
  endsAt: number;
}

/** A text that is short enough to be passed on. */
export function cutReason(reason: string): string {
  return reason.length <= LONGEST_REASON ? reason : `${reason.slice(0, LONGEST_REASON - 1)}…`;
}

function withOthers(reason: string, others: number): string {
  return others === 0 ? reason : `${reason} (and ${others} more)`;
}

/** What all nodes say together: not well when one says so, and held as long as one holds. */
export function mergeFlowState(
  health: Iterable<FlowHealthReport>,
  holds: Iterable<TimedHold>,
  now: number,
): ToldFlowState {
  const reports = [...health];
  const unwell = reports.filter(({ state }) => state === 'unwell');
  const held = [...holds].filter(({ endsAt }) => endsAt > now).sort((a, b) => b.endsAt - a.endsAt);
  const [first] = unwell;
  const [last] = held;
  return {
    unwell: first === undefined ? null : withOthers(first.reason, unwell.length - 1),
    unproven: reports.some(({ state }) => state === 'unproven'),
    hold:
      last === undefined
        ? null
        : { reason: withOthers(last.reason, held.length - 1), forMs: Math.round(last.endsAt - now) },
  };
}
