import assert from 'node:assert/strict';
import { DEFAULT_SETTINGS } from '@flowyard/protocol';
import type { InstanceTarget } from '../../../control-plane/src/drivers/driver.ts';
import { type InstanceFacts, planInstance } from '../../../control-plane/src/drivers/local/plan-instance.ts';

function buildTarget(changes: Partial<InstanceTarget> = {}): InstanceTarget {
  return {
    instanceId: 'instance1',
    name: 'line',
    url: 'http://line.localhost',
    teamId: 'team01',
    applicationName: 'Bottling line',
    folder: 'folder',
    desired: 'running',
    restarts: 1,
    unheldRestarts: 0,
    stack: { id: 'default', folder: '/', nodePath: 'node' },
    memoryMb: 256,
    cpuLimit: null,
    leaveOut: null,
    flowsRevision: 5,
    modules: {},
    lock: null,
    variables: {},
    snapshotId: null,
    settings: DEFAULT_SETTINGS,
    startFacts: '{}',
    identityKey: '',
    credentialSecret: '',
    runtimeToken: '',
    ...changes,
  };
}

const RUNNING: InstanceFacts = {
  status: 'running',
  flowsRevision: 5,
  startedFor: 1,
  needsOtherModules: false,
  hold: null,
};
const hold = { reason: 'Batch 42', until: '2026-01-01T12:00:00.000Z' };

describe('the next step of a hosted instance', () => {
  const cases: Array<[string, Partial<InstanceTarget> | null, Partial<InstanceFacts>, string]> = [
    ['nothing when all is as it should be', {}, {}, 'nothing'],
    ['its end when it was deleted', null, {}, 'remove'],
    ['a start when it should run and does not', {}, { status: 'stopped', startedFor: null }, 'start'],
    ['a start when it is just being stopped', {}, { status: 'stopping' }, 'start'],
    ['a stop when it should not run', { desired: 'stopped' }, {}, 'stop'],
    ['a stop also while it waits after a crash', { desired: 'suspended' }, { status: 'crashed' }, 'stop'],
    ['nothing when it is stopped and should be', { desired: 'stopped' }, { status: 'stopped' }, 'nothing'],
    ['a restart when one was asked for', { restarts: 2 }, {}, 'restart'],
    [
      'no restart while it is not known what it was started for',
      { restarts: 2 },
      { startedFor: null },
      'nothing',
    ],
    ['a reload when its flows are older', { flowsRevision: 6 }, {}, 'reload'],
    ['to wait with other flows while its flows hold updates', { flowsRevision: 6 }, { hold }, 'wait'],
    ['to wait with a restart while its flows hold updates', { restarts: 2 }, { hold }, 'wait'],
    ['nothing to wait for when all is as it should be', {}, { hold }, 'nothing'],
    ['a restart that a person asked for, also then', { restarts: 2, unheldRestarts: 2 }, { hold }, 'restart'],
    [
      'that restart also when an update came after it',
      { restarts: 3, unheldRestarts: 2, flowsRevision: 6 },
      { hold },
      'restart',
    ],
    [
      'to wait again once that restart was done',
      { restarts: 2, unheldRestarts: 2, flowsRevision: 6 },
      { hold, startedFor: 2 },
      'wait',
    ],
    ['a stop, also then', { desired: 'stopped' }, { hold }, 'stop'],
    [
      'no reload when its flows are newer, because a deploy is on its way',
      { flowsRevision: 4 },
      {},
      'nothing',
    ],
    ['a reload when it runs no flows', {}, { status: 'error', flowsRevision: null }, 'reload'],
    ['a reload in safe mode', { flowsRevision: 6 }, { status: 'safe', flowsRevision: null }, 'reload'],
    [
      'a restart when newer flows need other modules',
      { flowsRevision: 6 },
      { needsOtherModules: true },
      'restart',
    ],
    [
      'patience while it starts',
      { flowsRevision: 6 },
      { status: 'starting', flowsRevision: null },
      'nothing',
    ],
    ['patience while it waits after a crash', { flowsRevision: 6 }, { status: 'crashed' }, 'nothing'],
  ];
  for (const [title, target, facts, step] of cases) {
    it(`is ${title}`, () => {
      assert.equal(planInstance(target && buildTarget(target), { ...RUNNING, ...facts }), step);
    });
  }
});
