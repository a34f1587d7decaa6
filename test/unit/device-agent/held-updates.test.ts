import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type DeviceFacts, planSteps } from '../../../device-agent/src/plan-steps.ts';
import { releaseIdOf } from '../../../device-agent/src/release/release.ts';
import { buildFacts, buildSnapshot, buildTarget, digest } from './builders.ts';
import { ModelDevice } from './model-device.ts';

const OLD = buildSnapshot('snap01');
const NEW_FLOWS = buildSnapshot('snap02', { flows: digest('b') });
const NEW_MODULES = buildSnapshot('snap03', { modules: { 'node-red-node-random': '0.4.1' } });
const OLD_ID = releaseIdOf(OLD);
const committed = { id: OLD_ID, snapshot: OLD };
const running = { releaseId: OLD_ID, isHealthy: true, isBroken: false };
const onDisk = { release: true, nodeRed: true, modules: true };
const hold = { reason: 'Batch 42', until: '2026-01-01T12:00:00.000Z' };
const OTHER_LINE = { variables: { below: { LINE: '2' }, above: {} }, settings: {} };

const stepsOf = (facts: Partial<DeviceFacts>, target: Parameters<typeof buildTarget>[0]) =>
  planSteps(buildFacts({ committed, running, hold, ...facts }), buildTarget(target)).map(({ type }) => type);

describe('a device whose flows hold updates', () => {
  it('gets what an update needs, and waits with it', () => {
    assert.deepEqual(stepsOf({ ready: onDisk }, { snapshot: NEW_FLOWS }), ['wait']);
    assert.deepEqual(stepsOf({}, { snapshot: NEW_MODULES }), [
      ...['install-node-red', 'install-modules', 'prepare-release', 'wait'],
    ]);
  });

  it('waits with other variables, too', () => {
    assert.deepEqual(stepsOf({}, { snapshot: OLD, ...OTHER_LINE }), ['wait']);
  });

  it('waits with nothing when there is nothing to do', () => {
    assert.deepEqual(stepsOf({}, { snapshot: OLD }), []);
  });

  it('does what a person decides', () => {
    assert.deepEqual(stepsOf({}, { snapshot: OLD, restarts: 1 }), ['stop', 'note-restarts', 'start']);
    assert.deepEqual(stepsOf({ ready: onDisk }, { snapshot: NEW_FLOWS, restarts: 1 }), ['try-release']);
    assert.deepEqual(stepsOf({}, { desired: 'stopped' }), ['stop']);
    const developer = { mode: 'developer', developer: { identityKey: 'k', nodeRed: '4.1.15' } } as const;
    assert.ok(!stepsOf({}, { snapshot: OLD, ...developer }).includes('wait'));
  });

  it('is not kept from going back', () => {
    const before = { id: releaseIdOf(NEW_MODULES), snapshot: NEW_MODULES };
    const broken = { ...running, isHealthy: false, isBroken: true };
    assert.deepEqual(stepsOf({ before, running: broken }, { snapshot: OLD }), ['return']);
    assert.deepEqual(stepsOf({ before, isUnwanted: true }, { snapshot: OLD }), ['return']);
    const onTrial = { ...running, releaseId: releaseIdOf(NEW_FLOWS) };
    assert.deepEqual(stepsOf({ running: onTrial }, { snapshot: OLD }), ['stop', 'start']);
  });

  it('runs on untouched whatever it is to run, and runs that once it may', () => {
    const snapshots = fc.constantFrom(OLD, NEW_FLOWS, NEW_MODULES);
    const around = fc.constantFrom({}, OTHER_LINE);
    fc.assert(
      fc.property(snapshots, around, fc.nat(2), (snapshot, surroundings, asked) => {
        const device = new ModelDevice(() => true);
        device.put(device.learn(OLD));
        device.current = committed;
        device.running = running;
        device.launchedWith = buildTarget();
        device.restartsDone = asked;
        device.hold = hold;
        const target = buildTarget({ snapshot, restarts: asked, ...surroundings });
        const follow = () => {
          for (let count = 0; count < 14; count += 1) {
            const [step] = device.plan(target);
            if (step === undefined || step.type === 'wait') {
              return step?.type ?? 'done';
            }
            device.apply(step, { kind: 'done' });
          }
          return 'never ends';
        };

        assert.notEqual(follow(), 'never ends');
        assert.deepEqual([device.running, device.starts], [running, 0]);
        device.hold = null;
        assert.equal(follow(), 'done');
        assert.equal(device.running?.releaseId, releaseIdOf(snapshot));
      }),
    );
  });
});
