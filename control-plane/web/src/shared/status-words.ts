import type {
  DeploymentState,
  DeploymentTargetState,
  InstanceChangeState,
  RuntimeStatus,
  StackState,
  WaveState,
} from '@flowyard/protocol';
import {
  mdiAlertCircleOutline,
  mdiAlertOctagonOutline,
  mdiCalendarClock,
  mdiCheckCircleOutline,
  mdiCircleOutline,
  mdiClockOutline,
  mdiCloseCircleOutline,
  mdiDebugStepOver,
  mdiHandBackRightOutline,
  mdiLanDisconnect,
  mdiLifebuoy,
  mdiPauseCircleOutline,
  mdiPlayCircleOutline,
  mdiPowerStandby,
  mdiProgressClock,
  mdiProgressDownload,
  mdiProgressWrench,
  mdiSelectCompare,
  mdiStopCircleOutline,
  mdiUndoVariant,
} from '@mdi/js';

/** How serious a status is; each tone has one colour in each theme. */
export type Tone = 'good' | 'busy' | 'warn' | 'bad' | 'quiet';

export interface StatusWord {
  word: string;
  icon: string;
  tone: Tone;
  /** One sentence on what it means. */
  meaning: string;
}

function word(text: string, icon: string, tone: Tone, meaning: string): StatusWord {
  return { word: text, icon, tone, meaning };
}

/** The one vocabulary for what instances and devices are doing. */
export const RUNTIME_WORDS: Readonly<Record<RuntimeStatus, StatusWord>> = {
  created: word('created', mdiCircleOutline, 'quiet', 'It exists and was never started.'),
  waiting: word('waiting', mdiClockOutline, 'quiet', 'It is online, and has had no target yet.'),
  starting: word('starting', mdiProgressClock, 'busy', 'Node-RED is coming up.'),
  running: word('running', mdiPlayCircleOutline, 'good', 'Its flows run.'),
  updating: word('updating', mdiProgressDownload, 'busy', 'It is moving to its target.'),
  safe: word(
    'safe mode',
    mdiLifebuoy,
    'warn',
    'The editor is open but its flows are held, after too many crashes.',
  ),
  drift: word('drift', mdiSelectCompare, 'warn', 'What it runs is not what it should run.'),
  stopping: word('stopping', mdiProgressClock, 'busy', 'Node-RED is shutting down.'),
  stopped: word('stopped', mdiStopCircleOutline, 'quiet', 'Somebody stopped it.'),
  suspended: word('suspended', mdiPauseCircleOutline, 'quiet', 'It is put away until somebody starts it.'),
  crashed: word('crashed', mdiAlertOctagonOutline, 'bad', 'Node-RED ended by itself; it is tried again.'),
  error: word('error', mdiAlertCircleOutline, 'bad', 'It could not reach the state that it should have.'),
  offline: word('offline', mdiLanDisconnect, 'bad', 'No connection; what it runs now is not known.'),
  never: word('never seen', mdiPowerStandby, 'quiet', 'Its agent has not connected yet.'),
};

export const DEPLOYMENT_WORDS: Readonly<Record<DeploymentState, StatusWord>> = {
  planned: word('planned', mdiCalendarClock, 'warn', 'It waits until somebody approves it.'),
  waiting: word('waiting', mdiClockOutline, 'quiet', 'It waits for its time.'),
  running: word('running', mdiProgressWrench, 'busy', 'Its targets are being updated.'),
  paused: word(
    'paused',
    mdiPauseCircleOutline,
    'warn',
    'No further target is told until somebody resumes it.',
  ),
  halted: word('halted', mdiHandBackRightOutline, 'bad', 'It stopped itself: too many targets failed.'),
  succeeded: word('succeeded', mdiCheckCircleOutline, 'good', 'It went through.'),
  failed: word('failed', mdiCloseCircleOutline, 'bad', 'At least one target does not run the snapshot.'),
  aborted: word('aborted', mdiStopCircleOutline, 'warn', 'Somebody ended it before it was through.'),
  'rolled-back': word(
    'rolled back',
    mdiUndoVariant,
    'warn',
    'Its targets went back to what they ran before.',
  ),
};

export const TARGET_WORDS: Readonly<Record<DeploymentTargetState, StatusWord>> = {
  waiting: word('waiting', mdiClockOutline, 'quiet', 'Its turn has not come.'),
  updating: word('updating', mdiProgressDownload, 'busy', 'It is moving to the snapshot.'),
  succeeded: word('done', mdiCheckCircleOutline, 'good', 'It runs the snapshot.'),
  failed: word('failed', mdiCloseCircleOutline, 'bad', 'It does not run the snapshot.'),
  skipped: word('skipped', mdiDebugStepOver, 'quiet', 'It was left as it was.'),
  returned: word('went back', mdiUndoVariant, 'warn', 'It runs again what it ran before.'),
};

export const WAVE_WORDS: Readonly<Record<WaveState, StatusWord>> = {
  waiting: word('waiting', mdiClockOutline, 'quiet', 'Its turn has not come.'),
  running: word('running', mdiProgressWrench, 'busy', 'Its targets are being updated.'),
  checking: word(
    'checking',
    mdiProgressClock,
    'busy',
    'It is watched whether its targets go on running well.',
  ),
  done: word('through', mdiCheckCircleOutline, 'good', 'All its targets are through.'),
};

export const STACK_WORDS: Readonly<Record<StackState, StatusWord>> = {
  absent: word('not installed', mdiCircleOutline, 'quiet', 'It can be installed.'),
  installing: word('installing', mdiProgressDownload, 'busy', 'It is being downloaded.'),
  testing: word('testing', mdiProgressWrench, 'busy', 'It is started once to see that it works.'),
  ready: word('ready', mdiCheckCircleOutline, 'good', 'Instances can run it.'),
  failed: word('failed', mdiCloseCircleOutline, 'bad', 'It could not be installed.'),
};

export const CHANGE_STATE_WORDS: Readonly<Record<InstanceChangeState, StatusWord>> = {
  planned: word('waiting', mdiClockOutline, 'quiet', 'Its turn has not come.'),
  snapshotting: word('snapshot', mdiProgressWrench, 'busy', 'A snapshot is taken first.'),
  stopping: word('stopping', mdiProgressClock, 'busy', 'The old Node-RED is shutting down.'),
  starting: word('starting', mdiProgressClock, 'busy', 'Node-RED is coming up.'),
  checking: word('checking', mdiProgressWrench, 'busy', 'It runs and is watched.'),
  returning: word('going back', mdiProgressWrench, 'warn', 'It did not run well and goes back.'),
  succeeded: word('done', mdiCheckCircleOutline, 'good', 'It runs on what it was moved to.'),
  returned: word('went back', mdiLifebuoy, 'warn', 'It did not run well and runs on what it had.'),
  failed: word('failed', mdiCloseCircleOutline, 'bad', 'It could not be done.'),
};

const WORDS = {
  runtime: RUNTIME_WORDS,
  deployment: DEPLOYMENT_WORDS,
  target: TARGET_WORDS,
  wave: WAVE_WORDS,
  stack: STACK_WORDS,
  change: CHANGE_STATE_WORDS,
} as const;

export type StatusFamily = keyof typeof WORDS;

/** The word for a status; one that this page does not know yet is shown as it came. */
export function statusWord(family: StatusFamily, status: string): StatusWord {
  const words: Readonly<Record<string, StatusWord>> = WORDS[family];
  return words[status] ?? word(status, mdiCircleOutline, 'quiet', '');
}
