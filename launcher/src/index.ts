export type { ChildConfiguration, LinkConfiguration } from './child/configuration.ts';
export { type LockOwner, type RuntimeRole, readLockOwner, readLockRole } from './folder-lock.ts';
export { probe } from './hang-watch.ts';
export { HoldPatience } from './hold-patience.ts';
export { bearerOf, LinkHub } from './link-hub.ts';
export { watchLiveness } from './liveness.ts';
export {
  appendToLog,
  exportLog,
  type LogFilter,
  readLog,
  rotateLog,
  searchLog,
  watchLog,
} from './log-file.ts';
export { PROBE_HEADER, probePass } from './probe-pass.ts';
export { isRunning, type ProcessIdentity, readProcessStart, signalGroup } from './process-identity.ts';
export { readProcessLock, takeProcessLock } from './process-lock.ts';
export { DEFAULT_TIMES, type MachineTimes, type ProcessStatus } from './process-machine.ts';
export { DEFAULT_RESTART_POLICY, type ExitFacts, type RestartPolicy } from './restart-policy.ts';
export { inheritedEnvironment, type LaunchPlan } from './spawn-runtime.ts';
export { NodeRedSupervisor } from './supervisor.ts';
export type {
  Crash,
  NodeCounts,
  RuntimeMetrics,
  SupervisedStatus,
  SupervisorOptions,
  SupervisorOwner,
} from './supervisor-options.ts';
