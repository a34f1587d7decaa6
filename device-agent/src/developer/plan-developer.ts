import type { DeviceTarget } from '@flowyard/protocol';
import type { DeviceFacts, Readiness, Step } from '../plan-steps.ts';
import { releaseIdOf, type TargetSnapshot } from '../release/release.ts';
import { NO_SURROUNDINGS, startsAlike, surroundingsOf } from '../surroundings.ts';
import { WORKSPACE } from './workspace.ts';

/** What is true of developer mode on the device. */
export interface DeveloperFacts {
  /** There is a folder that people edit in. */
  hasWorkspace: boolean;
  /** What it began with, or would. Null when there is nothing to begin with. */
  base: TargetSnapshot | null;
  ready: Readiness;
}

export const NO_DEVELOPER: DeveloperFacts = {
  hasWorkspace: false,
  base: null,
  ready: { release: false, nodeRed: false, modules: false },
};

/** In developer mode the snapshot of the target is not looked at: what people edit runs. A target may have been lost. */
export function planDeveloper(facts: DeviceFacts, target: DeviceTarget | null): Step[] {
  const { running, restartsDone, developer } = facts;
  const launchedWith = facts.launchedWith ?? NO_SURROUNDINGS;
  if (target !== null && target.desired !== 'running') {
    return running === null ? [] : [{ type: 'stop' }];
  }
  const { base } = developer;
  if (base === null) {
    return [];
  }
  const parts = planParts(developer, base);
  const surroundings = target === null ? launchedWith : surroundingsOf(target);
  const restarts = target?.restarts ?? null;
  const note: Step[] =
    restarts !== null && restarts !== restartsDone ? [{ type: 'note-restarts', restarts }] : [];
  const start: Step = { type: 'start-workspace', surroundings };
  if (running === null) {
    return [...parts, ...note, start];
  }
  const isAskedFor = restarts !== null && restartsDone !== null && restarts > restartsDone;
  const isOther = running.releaseId !== WORKSPACE;
  if (isOther || isAskedFor || !startsAlike(base, launchedWith, surroundings)) {
    return [...parts, { type: 'stop' }, ...note, start];
  }
  return [...parts, ...note];
}

/** What runs goes on while it is brought about. A workspace that is there has its modules. */
function planParts({ hasWorkspace, ready }: DeveloperFacts, base: TargetSnapshot): Step[] {
  const install: Step[] = ready.nodeRed ? [] : [{ type: 'install-node-red', snapshot: base }];
  if (hasWorkspace) {
    return install;
  }
  return [
    ...install,
    ...(ready.modules ? [] : [{ type: 'install-modules', snapshot: base } as const]),
    // What is damaged on disk cannot be copied; a device that has nothing begins with nothing.
    ...(ready.release || base.id === WORKSPACE
      ? []
      : [{ type: 'prepare-release', snapshot: base, releaseId: releaseIdOf(base) } as const]),
    { type: 'prepare-workspace', base },
  ];
}

/** Developer mode has ended: what people edited is set aside before anything else is started. */
export function planEndOfDeveloper(facts: DeviceFacts): Step[] {
  const isRunning = facts.running?.releaseId === WORKSPACE;
  return [...(isRunning ? [{ type: 'stop' } as const] : []), { type: 'set-workspace-aside' }];
}
