import assert from 'node:assert/strict';
import type { DeviceTarget } from '@flowyard/protocol';
import type { DeviceFacts } from '../../../device-agent/src/plan-steps.ts';
import { planSteps } from '../../../device-agent/src/plan-steps.ts';
import { releaseIdOf } from '../../../device-agent/src/release/release.ts';
import { buildFacts, buildSnapshot, buildTarget, digest } from './builders.ts';

const OLD = buildSnapshot('snap01');
const NEW_FLOWS = buildSnapshot('snap02', { flows: digest('b') });
const NEW_MODULES = buildSnapshot('snap03', { modules: { 'node-red-node-random': '0.4.1' } });
const OLD_ID = releaseIdOf(OLD);
const committed = { id: OLD_ID, snapshot: OLD };
const running = { releaseId: OLD_ID, isHealthy: true, isBroken: false };
const onDisk = { release: true, nodeRed: true, modules: true };
const before = { id: releaseIdOf(NEW_MODULES), snapshot: NEW_MODULES };
const noNodeRed = { release: true, nodeRed: false, modules: true };
const noFlows = { release: false, nodeRed: true, modules: true };
const failedNew = { releaseId: releaseIdOf(NEW_FLOWS), snapshotId: 'snap02', retries: 1, reason: 'crashed' };

const LINE_1 = { variables: { below: { LINE: '1' }, above: {} }, settings: {} };
const LINE_2 = { variables: { below: { LINE: '2' }, above: {} }, settings: {} };
const WITH_LINE = buildSnapshot('snap04', { variables: [{ name: 'LINE', value: '7', secret: false }] });

interface Case {
  title: string;
  facts: Partial<DeviceFacts>;
  target: Partial<DeviceTarget> | null;
  steps: string[];
}

const CASES: Case[] = [
  { title: 'does nothing on a device that knows nothing', facts: {}, target: null, steps: [] },
  {
    title: 'starts the committed release when the target is not known',
    facts: { committed },
    target: null,
    steps: ['start'],
  },
  {
    title: 'leaves a running release alone when the target is not known',
    facts: { committed, running },
    target: null,
    steps: [],
  },
  {
    title: 'installs everything for the first target',
    facts: {},
    target: { snapshot: NEW_MODULES },
    steps: ['install-node-red', 'install-modules', 'prepare-release', 'try-release:start'],
  },
  {
    title: 'installs nothing that is there',
    facts: { committed, running, ready: { release: false, nodeRed: true, modules: true } },
    target: { snapshot: NEW_FLOWS },
    steps: ['prepare-release', 'try-release:reload'],
  },
  {
    title: 'starts Node-RED anew when modules differ',
    facts: { committed, running, ready: onDisk },
    target: { snapshot: NEW_MODULES },
    steps: ['try-release:start'],
  },
  {
    title: 'starts Node-RED anew when only flows differ but the running one is not well',
    facts: { committed, running: { ...running, isHealthy: false, isBroken: false }, ready: onDisk },
    target: { snapshot: NEW_FLOWS },
    steps: ['try-release:start'],
  },
  {
    title: 'runs the old release while the new one is fetched',
    facts: { committed },
    target: { snapshot: NEW_FLOWS },
    steps: ['start', 'install-node-red', 'install-modules', 'prepare-release', 'try-release:start'],
  },
  {
    title: 'is content when the target runs',
    facts: { committed, running },
    target: { snapshot: OLD },
    steps: [],
  },
  {
    title: 'stops when it should stop, whatever else is new',
    facts: { committed, running },
    target: { snapshot: NEW_FLOWS, desired: 'stopped' },
    steps: ['stop'],
  },
  {
    title: 'stays stopped',
    facts: { committed },
    target: { snapshot: OLD, desired: 'suspended' },
    steps: [],
  },
  {
    title: 'returns from a release that crashes again and again to the one before it',
    facts: { committed, running: { ...running, isHealthy: false, isBroken: true }, before },
    target: { snapshot: OLD },
    steps: ['return'],
  },
  {
    title: 'keeps a release that crashes again and again when there is none before it',
    facts: { committed, running: { ...running, isHealthy: false, isBroken: true } },
    target: { snapshot: OLD },
    steps: [],
  },
  {
    title: 'does not return any further from a release that is not the target',
    facts: {
      committed,
      running: { ...running, isHealthy: false, isBroken: true },
      before,
      failed: failedNew,
    },
    target: { snapshot: NEW_FLOWS },
    steps: [],
  },
  {
    title: 'goes on with what it ran when the target has no snapshot',
    facts: { committed, running },
    target: { snapshot: null },
    steps: [],
  },
  {
    title: 'starts what it ran after a reboot when the target has no snapshot',
    facts: { committed, running: null },
    target: { snapshot: null },
    steps: ['start'],
  },
  {
    title: 'stops what it ran when that is asked for, also without a snapshot',
    facts: { committed, running },
    target: { snapshot: null, desired: 'stopped' },
    steps: ['stop'],
  },
  {
    title: 'ends the trial of a release that is not wanted any more, and goes back to what it ran',
    facts: { committed, running: { ...running, releaseId: 'tried' } },
    target: { snapshot: null },
    steps: ['stop', 'start'],
  },
  {
    title: 'runs nothing when there is neither a snapshot nor a release',
    facts: {},
    target: { snapshot: null },
    steps: [],
  },
  {
    title: 'starts again once for each restart that was asked for',
    facts: { committed, running, restartsDone: 2 },
    target: { snapshot: OLD, restarts: 3 },
    steps: ['stop', 'note-restarts', 'start'],
  },
  {
    title: 'does not restart for a count that it sees for the first time',
    facts: { committed, running, restartsDone: null },
    target: { snapshot: OLD, restarts: 3 },
    steps: ['note-restarts'],
  },
  {
    title: 'does not restart when a restored control plane counts from less',
    facts: { committed, running, restartsDone: 9 },
    target: { snapshot: OLD, restarts: 1 },
    steps: ['note-restarts'],
  },
  {
    title: 'runs the old release while the wanted one is given up',
    facts: { committed, failed: failedNew },
    target: { snapshot: NEW_FLOWS, retries: 1 },
    steps: ['start'],
  },
  {
    title: 'tries a failed release again when a person asked for it',
    facts: { committed, running, failed: failedNew, ready: onDisk },
    target: { snapshot: NEW_FLOWS, retries: 2 },
    steps: ['try-release:reload'],
  },
  {
    title: 'tries another release than the failed one at once',
    facts: { committed, running, failed: failedNew, ready: onDisk },
    target: { snapshot: NEW_MODULES, retries: 1 },
    steps: ['try-release:start'],
  },
  {
    title: 'waits when the first release failed and there is none to return to',
    facts: { failed: failedNew },
    target: { snapshot: NEW_FLOWS, retries: 1 },
    steps: [],
  },
  {
    title: 'ends a process that runs another release than the committed one',
    facts: { committed, running: { releaseId: 'other', isHealthy: true, isBroken: false } },
    target: { snapshot: OLD },
    steps: ['stop', 'start'],
  },
  {
    title: 'installs what is missing of the committed release before it starts it',
    facts: { committed, committedReady: noNodeRed },
    target: { snapshot: OLD },
    steps: ['install-node-red'],
  },
  {
    title: 'repairs the committed release also when the target is not known',
    facts: { committed, committedReady: noFlows },
    target: null,
    steps: ['prepare-release'],
  },
  {
    title: 'runs the release before while the committed one is repaired',
    facts: { committed, committedReady: noNodeRed, before },
    target: { snapshot: OLD },
    steps: ['start', 'install-node-red'],
  },
  {
    title: 'ends a damaged release that does not run, and repairs it',
    facts: {
      committed,
      committedReady: noNodeRed,
      running: { ...running, isHealthy: false, isBroken: false },
      before,
    },
    target: { snapshot: OLD },
    steps: ['stop', 'start', 'install-node-red'],
  },
  {
    title: 'leaves a damaged release alone that runs all the same',
    facts: { committed, committedReady: noFlows, running, before },
    target: { snapshot: OLD },
    steps: ['prepare-release'],
  },
  {
    title: 'returns from the release before to the repaired one',
    facts: { committed, running: { releaseId: before.id, isHealthy: true, isBroken: false } },
    target: { snapshot: OLD },
    steps: ['stop', 'start'],
  },
  {
    title: 'runs the release before when the committed one is lost',
    facts: { before, failed: failedNew },
    target: { snapshot: NEW_FLOWS, retries: 1 },
    steps: ['start'],
  },
  {
    title: 'leaves that release alone while it runs',
    facts: { before, running: { releaseId: before.id, isHealthy: true, isBroken: false }, failed: failedNew },
    target: { snapshot: NEW_FLOWS, retries: 1 },
    steps: [],
  },
  {
    title: 'repairs nothing on a device that is to be stopped',
    facts: { committed, committedReady: noNodeRed },
    target: { snapshot: OLD, desired: 'stopped' },
    steps: [],
  },
  {
    title: 'starts Node-RED again when only variables differ, and installs nothing',
    facts: { committed, running, launchedWith: LINE_1 },
    target: { snapshot: OLD, ...LINE_2 },
    steps: ['stop', 'start'],
  },
  {
    title: 'starts Node-RED again when a setting differs that it reads at its start',
    facts: { committed, running },
    target: { snapshot: OLD, settings: { 'runtime.apiBodyMb': 1 } },
    steps: ['stop', 'start'],
  },
  {
    title:
      'does not start it again for a setting that the agent itself looks up, or one that it does not know',
    facts: { committed, running },
    target: { snapshot: OLD, settings: { 'safety.healthInterval': 60, 'of.tomorrow': 1 } },
    steps: [],
  },
  {
    title: 'does not start it again for a value that the snapshot has the last word on',
    facts: {
      committed: { id: releaseIdOf(WITH_LINE), snapshot: WITH_LINE },
      running: { releaseId: releaseIdOf(WITH_LINE), isHealthy: true, isBroken: false },
    },
    target: { snapshot: WITH_LINE, ...LINE_2 },
    steps: [],
  },
  {
    title: 'starts other flows anew when variables differ as well',
    facts: { committed, running, ready: onDisk },
    target: { snapshot: NEW_FLOWS, ...LINE_2 },
    steps: ['try-release:start'],
  },
  {
    title: 'keeps the old variables running while a new release is fetched',
    facts: { committed, running, launchedWith: LINE_1, ready: noFlows },
    target: { snapshot: NEW_FLOWS, ...LINE_2 },
    steps: ['prepare-release', 'try-release:start'],
  },
  {
    title: 'starts with the variables it had when its target is lost',
    facts: { committed, running, launchedWith: LINE_1 },
    target: null,
    steps: [],
  },
];

describe('planning the steps of a device', () => {
  for (const { title, facts, target, steps } of CASES) {
    it(title, () => {
      const planned = planSteps(buildFacts(facts), target === null ? null : buildTarget(target));

      assert.deepEqual(
        planned.map((step) => (step.type === 'try-release' ? `${step.type}:${step.how}` : step.type)),
        steps,
      );
    });
  }

  it('starts once for one restart, when it plans anew after each step', () => {
    const target = buildTarget({ snapshot: OLD, restarts: 3 });
    const done: string[] = [];
    let facts = buildFacts({ committed, running, restartsDone: 2 });
    for (let round = 0; round < 10; round += 1) {
      const [step] = planSteps(facts, target);
      if (step === undefined) {
        break;
      }
      done.push(step.type);
      facts = {
        ...facts,
        running: step.type === 'stop' ? null : step.type === 'start' ? running : facts.running,
        restartsDone: step.type === 'note-restarts' ? step.restarts : facts.restartsDone,
      };
    }

    assert.deepEqual(done, ['stop', 'note-restarts', 'start']);
  });

  it('does not take newly encrypted credentials of the same snapshot for another release', () => {
    const before = buildSnapshot('snap01', { credentials: digest('c') });
    const after = buildSnapshot('snap01', { credentials: digest('d') });

    assert.equal(releaseIdOf(before), releaseIdOf(after));
  });

  it('takes a changed variable for another release', () => {
    const changed = buildSnapshot('snap01', { variables: [{ name: 'LINE', value: '2', secret: false }] });

    assert.notEqual(releaseIdOf(OLD), releaseIdOf(changed));
  });
});
