import type { ProcessStatus } from '@flowyard/launcher';
import type { FlowState } from '@flowyard/protocol';
import type { InstanceTarget } from '../driver.ts';

/** What is true of an instance's process. */
export interface InstanceFacts {
  status: ProcessStatus['state'];
  flowsRevision: number | null;
  /** The number of restarts that had been asked for when the process was started; null while that is not known. */
  startedFor: number | null;
  /** Modules that its flows need are not installed, or were only after its process started. */
  needsOtherModules: boolean;
  /** Its flows hold updates; null when they do not. */
  hold: FlowState['hold'];
}

/** `wait`: there is something else to run, as soon as the flows let it in. */
export type InstanceStep = 'remove' | 'stop' | 'start' | 'restart' | 'reload' | 'wait' | 'nothing';

/** The one step that brings an instance nearer to its target. */
export function planInstance(target: InstanceTarget | null, facts: InstanceFacts): InstanceStep {
  if (!target) {
    return 'remove';
  }
  const step = planUnheld(target, facts);
  const isUpdate = step === 'restart' || step === 'reload';
  const isHeld = facts.hold !== null && target.unheldRestarts <= (facts.startedFor ?? target.restarts);
  return isUpdate && isHeld ? 'wait' : step;
}

function planUnheld(target: InstanceTarget, facts: InstanceFacts): InstanceStep {
  const isStopped = facts.status === 'stopped';
  if (target.desired !== 'running') {
    return isStopped ? 'nothing' : 'stop';
  }
  if (isStopped || facts.status === 'stopping') {
    return 'start';
  }
  if (facts.startedFor !== null && facts.startedFor !== target.restarts) {
    return 'restart';
  }
  const isUp = facts.status === 'running' || facts.status === 'safe' || facts.status === 'error';
  const isBehind = facts.flowsRevision === null || facts.flowsRevision < target.flowsRevision;
  if (!isUp || !isBehind) {
    return 'nothing';
  }
  // Node-RED finds new modules only when it starts.
  return facts.needsOtherModules ? 'restart' : 'reload';
}
