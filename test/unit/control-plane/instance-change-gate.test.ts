import assert from 'node:assert/strict';
import { LONGEST_PROOF_MS, NO_FLOW_STATE } from '@flowyard/protocol';
import {
  type GateFacts,
  judge,
  PATIENCE_MS,
} from '../../../control-plane/src/features/instance-changes/gate.ts';

const HEALTH_MS = 10_000;
const RUNNING: GateFacts = {
  wanted: true,
  stackIsThere: true,
  state: 'running',
  step: null,
  reason: null,
  isNewProcess: true,
  isNewState: true,
  stateForMs: HEALTH_MS,
  waitedMs: 20_000,
  flow: NO_FLOW_STATE,
  isReturning: false,
};
const unwell = { ...NO_FLOW_STATE, unwell: 'no air' };
const unproven = { ...NO_FLOW_STATE, unproven: true };
const held = { ...NO_FLOW_STATE, hold: { reason: 'Batch 42', until: '2026-01-01T12:00:00.000Z' } };

describe('The watch over a change of stack or type', () => {
  for (const [what, facts, verdict] of [
    ['is content with a new process that runs long enough', {}, { kind: 'well' }],
    [
      'goes on watching one that runs since a moment',
      { stateForMs: 1 },
      { kind: 'watch', state: 'checking' },
    ],
    [
      'waits for the old process, however long that runs',
      { isNewProcess: false, stateForMs: 1e9 },
      { kind: 'watch', state: 'stopping' },
    ],
    [
      'waits for the old process to end',
      { state: 'starting', step: 'stopping the old process', isNewProcess: false },
      { kind: 'watch', state: 'stopping' },
    ],
    [
      'fails when the flow says that it is not well',
      { flow: unwell, stateForMs: 1 },
      { kind: 'failed', reason: 'The flow says: no air' },
    ],
    [
      'does not take what the old process said for that',
      { flow: unwell, isNewProcess: false },
      { kind: 'watch', state: 'stopping' },
    ],
    ['goes back whatever the flows say', { flow: unwell, isReturning: true }, { kind: 'well' }],
    ['waits for a flow that must prove itself', { flow: unproven }, { kind: 'watch', state: 'checking' }],
    [
      'waits for that no longer than a flow may ask for',
      { flow: unproven, stateForMs: LONGEST_PROOF_MS + 1 },
      { kind: 'failed', reason: 'No flow reported that it is well within 10 minutes.' },
    ],
    [
      'waits while flows hold it, however long that takes',
      { flow: held, isNewProcess: false, waitedMs: PATIENCE_MS, state: 'starting' },
      { kind: 'watch', state: 'stopping' },
    ],
    ['waits for the new one to come up', { state: 'starting' }, { kind: 'watch', state: 'starting' }],
    ['waits when nothing was reported yet', { state: null }, { kind: 'watch', state: 'starting' }],
    [
      'does not take an old error for one of the new process',
      { state: 'error', isNewProcess: false, isNewState: false },
      { kind: 'watch', state: 'starting' },
    ],
    [
      'does not take an old crash for one of the new process',
      { state: 'crashed', isNewState: false },
      { kind: 'watch', state: 'starting' },
    ],
    [
      'does not take for that the next crash of what is being replaced',
      { state: 'crashed', isNewProcess: false },
      { kind: 'watch', state: 'starting' },
    ],
    [
      'ends with the first crash',
      { state: 'crashed', reason: 'exit code 3' },
      { kind: 'failed', reason: 'exit code 3' },
    ],
    [
      'ends with an error of the new process',
      { state: 'error', reason: 'Types are missing.' },
      { kind: 'failed', reason: 'Types are missing.' },
    ],
    ['ends in safe mode', { state: 'safe' }, { kind: 'failed', reason: 'It is in the state safe.' }],
    [
      'ends when the files are gone',
      { stackIsThere: false },
      { kind: 'failed', reason: 'The files of the stack are not there any more.' },
    ],
    [
      'ends when nothing comes up in time',
      { state: 'starting', waitedMs: PATIENCE_MS },
      { kind: 'failed', reason: 'It did not come up within 10 minutes.' },
    ],
    ['ends when the instance is not to run any more', { wanted: false }, { kind: 'halted' }],
  ] as const) {
    it(what, () => {
      assert.deepEqual(judge({ ...RUNNING, ...facts }, HEALTH_MS), verdict);
    });
  }
});
