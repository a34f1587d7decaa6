import type { DeviceTarget } from '@flowyard/protocol';
import { planDeveloper } from '../developer/plan-developer.ts';
import { WORKSPACE } from '../developer/workspace.ts';
import type { DeviceFacts, Step } from '../plan-steps.ts';

/** What is true of the emergency editor while there is one. */
export interface EmergencyFacts {
  /** Its time is over, or somebody ended it. */
  isOver: boolean;
  /** When it ends, by the clock of the machine, in milliseconds since 1970. */
  until: number;
}

/** Whether people may edit at the machine. Developer mode, which the control plane gives, comes before it. */
export function isEmergency(emergency: EmergencyFacts | null, target: DeviceTarget | null): boolean {
  return emergency !== null && !emergency.isOver && target?.mode !== 'developer';
}

/** While the emergency editor is open, what people edit runs as in developer mode; then it is set aside. */
export function planEmergency(facts: DeviceFacts, target: DeviceTarget | null): Step[] {
  if (isEmergency(facts.emergency, target)) {
    return planDeveloper(facts, target);
  }
  const isRunning = facts.running?.releaseId === WORKSPACE;
  return [...(isRunning ? [{ type: 'stop' } as const] : []), { type: 'end-emergency' }];
}
