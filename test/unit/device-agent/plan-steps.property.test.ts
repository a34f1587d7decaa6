import assert from 'node:assert/strict';
import type { DeviceTarget } from '@flowyard/protocol';
import fc from 'fast-check';
import { WORKSPACE } from '../../../device-agent/src/developer/workspace.ts';
import type { Step } from '../../../device-agent/src/plan-steps.ts';
import { releaseIdOf, type TargetSnapshot } from '../../../device-agent/src/release/release.ts';
import { startsAlike, surroundingsOf } from '../../../device-agent/src/surroundings.ts';
import { buildSnapshot, buildTarget, digest } from './builders.ts';
import { type Fate, ModelDevice } from './model-device.ts';

/** Each differs from the others in flows, modules, variables or Node-RED; the last ones never pass a trial. */
const SNAPSHOTS: TargetSnapshot[] = [
  buildSnapshot('good01'),
  buildSnapshot('good02', { flows: digest('b') }),
  buildSnapshot('good03', { modules: { 'node-red-node-random': '0.4.1' } }),
  buildSnapshot('good04', { nodeRed: '5.0.1', variables: [{ name: 'LINE', value: '7', secret: false }] }),
  buildSnapshot('bad001', { flows: digest('c') }),
  buildSnapshot('bad002', { modules: { 'flowyard-bad': '1.0.0' }, nodeRed: '5.0.1' }),
];
const isGood = ({ id }: TargetSnapshot) => id.startsWith('good');

/** More than any way to a target takes: stop, start what is there, three parts, note, try, note, start. */
const MOST_STEPS = 14;

const snapshots = fc.option(fc.constantFrom(...SNAPSHOTS), { freq: 6 });
const surroundings = fc.record({
  variables: fc.record({
    below: fc.constant({}),
    above: fc.constantFrom<Record<string, string>>({}, { A: '1' }, { A: '2' }),
  }),
  settings: fc.constantFrom<Record<string, unknown>>({}, { 'runtime.timeZone': 'UTC' }),
});
const DEVELOPER = { mode: 'developer', developer: { identityKey: 'a key', nodeRed: '4.1.15' } } as const;
const FLEET = { mode: 'fleet', developer: null } as const;

const modes = fc.constantFrom<Pick<DeviceTarget, 'mode' | 'developer'>>(FLEET, FLEET, FLEET, DEVELOPER);
const targetsOf = (mode: typeof modes): fc.Arbitrary<DeviceTarget> =>
  fc
    .tuple(
      fc.record({
        desired: fc.constantFrom('running', 'running', 'running', 'stopped', 'suspended'),
        restarts: fc.nat(3),
        retries: fc.nat(2),
        snapshot: snapshots,
      }),
      surroundings,
      mode,
    )
    .map(([what, around, of]) => buildTarget({ ...what, ...around, ...of }));
/** In fleet mode; in developer mode a device does not follow its snapshot. */
const targets = targetsOf(fc.constant(FLEET));
const anyTargets = targetsOf(modes);
/** What people do at the machine. */
const deeds = fc.constantFrom('none', 'none', 'open', 'edit', 'close');

const fates: fc.Arbitrary<Fate> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ kind: 'done' } as const) },
  { weight: 1, arbitrary: fc.constant({ kind: 'fails' } as const) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('killed' as const),
      after: fc.nat(8),
      withPower: fc.boolean(),
    }),
  },
);

/** A device in any state in which one can be, also with parts missing that were there. */
const devices: fc.Arbitrary<() => ModelDevice> = fc
  .record({
    committed: snapshots,
    previous: snapshots,
    running: fc.constantFrom<'committed' | 'previous' | 'other' | null>(
      'committed',
      'previous',
      'other',
      null,
    ),
    other: fc.constantFrom(...SNAPSHOTS),
    health: fc.constantFrom(
      { isHealthy: true, isBroken: false },
      { isHealthy: false, isBroken: false },
      { isHealthy: false, isBroken: true },
    ),
    launchedWith: surroundings,
    failed: fc.option(fc.tuple(fc.constantFrom(...SNAPSHOTS), fc.nat(2))),
    trial: fc.option(fc.tuple(fc.constantFrom(...SNAPSHOTS), fc.integer({ min: 1, max: 3 }))),
    restartsDone: fc.option(fc.nat(3)),
    lost: fc.array(fc.nat(20), { maxLength: 3 }),
  })
  .map((facts) => () => {
    const device = new ModelDevice(isGood);
    const learn = (snapshot: TargetSnapshot | null) => snapshot && device.learn(snapshot);
    const [committed, previous, other] = [facts.committed, facts.previous, facts.other].map(learn);
    device.current = committed ?? null;
    device.previous = previous ?? null;
    for (const release of [committed, previous]) {
      if (release) {
        device.put(release);
      }
    }
    const running = facts.running && { committed, previous, other }[facts.running];
    device.running = running ? { releaseId: running.id, ...facts.health } : null;
    device.startedWith = running?.id ?? null;
    device.launchedWith = running ? facts.launchedWith : null;
    if (facts.failed !== null) {
      const [snapshot, retries] = facts.failed;
      const releaseId = device.learn(snapshot).id;
      device.failed = { releaseId, snapshotId: snapshot.id, retries, reason: 'it was bad' };
    }
    device.trial = facts.trial && { releaseId: device.learn(facts.trial[0]).id, attempts: facts.trial[1] };
    device.restartsDone = facts.restartsDone;
    const parts = [...device.disk];
    for (const index of facts.lost) {
      device.disk.delete(parts[index % Math.max(parts.length, 1)] ?? '');
    }
    return device;
  });

/** Does what is planned until nothing is; fails when that takes too long. */
function settle(device: ModelDevice, target: DeviceTarget | null): Step[] {
  const done: Step[] = [];
  for (;;) {
    const [step] = device.plan(target);
    if (step === undefined) {
      return done;
    }
    done.push(step);
    assert.ok(done.length <= MOST_STEPS, `no end: ${done.map(({ type }) => type).join(', ')}`);
    device.apply(step, { kind: 'done' });
  }
}

function assertSettled(device: ModelDevice, target: DeviceTarget): void {
  if (target.desired !== 'running') {
    assert.equal(device.running, null);
    return;
  }
  // Without a target it goes on with what it has.
  const wanted = target.snapshot === null ? device.current?.id : releaseIdOf(target.snapshot);
  const isThere = device.current?.id === wanted;
  assert.ok(isThere || device.failed?.releaseId === wanted, 'it neither has its target nor says why not');
  // The one before stands in for a committed one that was lost.
  const had = device.current ?? (device.isRunnable(device.previous) ? device.previous : null);
  assert.equal(device.running?.releaseId, had?.id, 'it does not run what it has');
  if (had !== null) {
    const { snapshot } = had;
    assert.ok(device.isRunnable(had));
    const { launchedWith } = device;
    assert.ok(launchedWith !== null && startsAlike(snapshot, launchedWith, surroundingsOf(target)));
    assert.equal(device.restartsDone, target.restarts);
  }
}

/** What is edited runs, or the device was told to stand still. */
function assertEdited(device: ModelDevice, target: DeviceTarget | null): void {
  const isWanted = target === null || target.desired === 'running';
  assert.equal(device.running?.releaseId ?? null, isWanted ? WORKSPACE : null);
}

/** Anything that can happen to a device, with people at it. */
function live(
  device: ModelDevice,
  life: readonly (readonly [DeviceTarget | null, Fate, string])[],
  after: (step: Step | undefined) => void = () => {},
): DeviceTarget | null {
  let target: DeviceTarget | null = null;
  for (const [newer, fate, deed] of life) {
    target = newer ?? target;
    if (deed === 'open') {
      device.open(target);
    } else if (deed === 'close') {
      device.close();
    } else if (deed === 'edit') {
      device.edit();
    }
    const [step] = device.plan(target);
    if (step !== undefined) {
      device.apply(step, fate);
    }
    after(step);
  }
  return target;
}

describe('The planner, in any state and with any target', () => {
  it('gets to the target in few steps, or says that it is given up, and never starts two runtimes', () => {
    fc.assert(
      fc.property(devices, targets, (make, target) => {
        const device = make();
        settle(device, target);
        if (device.running?.isHealthy !== false) {
          assertSettled(device, target);
        }
        assert.deepEqual(device.plan(target), []);
      }),
      { numRuns: 3000 },
    );
  });

  it('gets to the newest target, whatever older targets, failures, kills and power cuts came before', () => {
    const events = fc.array(fc.tuple(fc.option(anyTargets, { freq: 2 }), fates, deeds), { maxLength: 25 });
    fc.assert(
      fc.property(events, targets, (steps, last) => {
        const device = new ModelDevice(isGood);
        live(device, steps);
        device.close();
        settle(device, last);
        assert.deepEqual([device.workspace, device.emergency], [null, null]);
        assertSettled(device, last);
      }),
      { numRuns: 3000 },
    );
  });

  it('keeps a release that can be started from the first one on, at every moment', () => {
    const events = fc.array(fc.tuple(fc.option(anyTargets, { freq: 3 }), fates, deeds), { maxLength: 40 });
    fc.assert(
      fc.property(events, (steps) => {
        const device = new ModelDevice(isGood);
        let hadOne = false;
        live(device, steps, (step) => {
          assert.ok(!hadOne || device.isRunnable(device.current), `nothing to start after ${step?.type}`);
          hadOne = device.current !== null;
        });
      }),
      { numRuns: 3000 },
    );
  });

  it('runs what people edit at the machine until that is over, whatever the target becomes, and loses no edit', () => {
    const events = fc.array(fc.tuple(fc.option(anyTargets, { freq: 2 }), fates, deeds), { maxLength: 25 });
    const later = fc.array(fc.tuple(targets, fates, fc.constantFrom('none', 'edit')), { maxLength: 15 });
    fc.assert(
      fc.property(devices, events, later, (make, before, meanwhile) => {
        const device = make();
        const target = live(device, before);
        device.open(target);
        fc.pre(device.emergency?.isOver === false && target?.mode !== 'developer');
        const last = live(device, meanwhile) ?? target;
        settle(device, last);
        assertEdited(device, last);
        const release = device.current;
        device.edit();
        const { isEdited, keptAside } = device;
        device.close();
        settle(device, last);
        assert.equal(device.keptAside, keptAside + (isEdited ? 1 : 0));
        assert.notEqual(device.running?.releaseId, WORKSPACE);
        assert.ok(last === null || release === null || device.current !== null);
      }),
      { numRuns: 3000 },
    );
  });

  it('gives way to developer mode, with what was edited at the machine set aside', () => {
    fc.assert(
      fc.property(devices, targets, (make, target) => {
        const device = make();
        device.open({ ...target, desired: 'running' });
        fc.pre(device.emergency !== null);
        settle(device, { ...target, desired: 'running' });
        device.edit();
        settle(device, { ...target, ...DEVELOPER, desired: 'running' });
        assert.deepEqual([device.emergency, device.keptAside, device.isEdited], [null, 1, false]);
        assert.equal(device.running?.releaseId, WORKSPACE);
      }),
      { numRuns: 1000 },
    );
  });

  it('tries a bad release once, and once more for each retry', () => {
    const bad = SNAPSHOTS.filter((snapshot) => !isGood(snapshot));
    const rounds = fc.array(fc.tuple(fc.nat(3), targets), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(devices, fc.constantFrom(...bad), rounds, (make, snapshot, targetsOfRounds) => {
        const device = make();
        fc.pre(device.current?.id !== releaseIdOf(snapshot));
        device.failed = null;
        device.trial = null;
        let retries = 0;
        for (const [more, target] of targetsOfRounds) {
          retries += more;
          settle(device, { ...target, desired: 'running', retries, snapshot });
        }
        const asked = new Set(targetsOfRounds.map((_, index) => sum(targetsOfRounds, index))).size;
        assert.equal(device.tries.get(releaseIdOf(snapshot)), asked);
      }),
      { numRuns: 1000 },
    );
  });

  it('starts nothing again for a target that it has already', () => {
    fc.assert(
      fc.property(devices, targets, (make, target) => {
        const device = make();
        settle(device, target);
        const before = device.starts;
        settle(device, { ...target, generation: target.generation + 1 });
        assert.equal(device.starts, before);
      }),
      { numRuns: 1000 },
    );
  });
});

function sum(rounds: readonly [number, DeviceTarget][], until: number): number {
  return rounds.slice(0, until + 1).reduce((total, [more]) => total + more, 0);
}
