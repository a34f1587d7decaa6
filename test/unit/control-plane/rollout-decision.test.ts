import assert from 'node:assert/strict';
import { DEFAULT_ROLLOUT, type RolloutPolicy } from '@flowyard/protocol';
import fc from 'fast-check';
import {
  type Decision,
  decide,
  type Run,
  toLookAt,
} from '../../../control-plane/src/features/pipelines/rollout-decision.ts';
import type { TargetFacts } from '../../../control-plane/src/features/pipelines/rollout-machine.ts';
import { allowedFailures, waveSizes, wavesOf } from '../../../control-plane/src/features/pipelines/waves.ts';

type DeviceFacts = Extract<TargetFacts, { kind: 'device' }>;
type Fate =
  | 'works'
  | 'fails'
  | 'breaks later'
  | 'vanishes later'
  | 'is away for a moment'
  | 'offline'
  | 'developer'
  | 'gone'
  | 'slow';

const SECOND = 1000;

const FRESH: DeviceFacts = {
  kind: 'device',
  online: true,
  awayMs: 0,
  runsSnapshot: false,
  failure: null,
  unwell: null,
  halted: false,
  develops: false,
  elsewhere: null,
  held: null,
  opensAt: null,
};

function runOf(policy: Partial<RolloutPolicy>, count: number): Run {
  const whole = { ...DEFAULT_ROLLOUT, ...policy };
  return {
    state: 'waiting',
    message: null,
    returning: false,
    wave: 0,
    waveDoneAt: null,
    waitsUntil: null,
    forgiven: 0,
    startAt: null,
    policy: whole,
    targets: wavesOf(whole.waves, count).map((wave, index) => ({
      targetId: `d${index}`,
      name: `device ${index}`,
      wave,
      state: 'waiting',
      reason: null,
      toldAt: null,
      changedAt: null,
    })),
  };
}

/** Devices of which each does what is its fate, as long as it is told. */
class World {
  now = 0;
  run: Run;
  readonly told = new Map<string, number>();
  readonly fates: readonly Fate[];
  most = 0;

  constructor(policy: Partial<RolloutPolicy>, fates: readonly Fate[]) {
    this.run = runOf(policy, fates.length);
    this.fates = fates;
  }

  look(): Decision {
    const facts = new Map(toLookAt(this.run).map((id) => [id, this.#facts(id)]));
    const decision = decide(this.run, facts, this.now);
    for (const id of decision.tell) {
      assert.ok(!this.told.has(id), `${id} was told twice`);
      this.told.set(id, this.now);
    }
    this.run = decision.run;
    this.most = Math.max(this.most, this.count('updating'));
    return decision;
  }

  count(state: string): number {
    return this.run.targets.filter((target) => target.state === state).length;
  }

  /** Looks again and again until nothing more happens. */
  settle(forMs = 2 * 60 * 60 * SECOND): void {
    for (const end = this.now + forMs; this.now < end; this.now += 5 * SECOND) {
      let before = '';
      while (before !== JSON.stringify(this.run)) {
        before = JSON.stringify(this.run);
        this.look();
      }
      if (!['waiting', 'running'].includes(this.run.state)) {
        return;
      }
    }
  }

  #facts(id: string): TargetFacts {
    const fate = this.fates[Number(id.slice(1))];
    const since = this.told.get(id);
    const after = since === undefined ? -1 : this.now - since;
    switch (fate) {
      case 'gone':
        return { kind: 'gone' };
      case 'offline':
        return { ...FRESH, online: false, awayMs: 60 * SECOND };
      case 'developer':
        return { ...FRESH, develops: true };
      case 'fails':
        return { ...FRESH, failure: after >= 5 * SECOND ? 'a module is missing' : null };
      case 'breaks later':
        return {
          ...FRESH,
          runsSnapshot: after >= 5 * SECOND && after < 15 * SECOND,
          unwell: after >= 15 * SECOND ? 'It crashed.' : null,
        };
      case 'vanishes later': {
        const awayMs = Math.max(0, after - 15 * SECOND);
        return { ...FRESH, awayMs, online: awayMs === 0, runsSnapshot: after >= 5 * SECOND && awayMs === 0 };
      }
      case 'is away for a moment': {
        const awayMs = after >= 15 * SECOND && after < 35 * SECOND ? after - 15 * SECOND + 1 : 0;
        return { ...FRESH, awayMs, online: awayMs === 0, runsSnapshot: after >= 5 * SECOND && awayMs === 0 };
      }
      case 'slow':
        return { ...FRESH, runsSnapshot: after >= 40 * SECOND };
      default:
        return { ...FRESH, runsSnapshot: after >= 5 * SECOND };
    }
  }
}

const FATES = fc.array(
  fc.constantFrom<Fate>('works', 'works', 'works', 'fails', 'offline', 'developer', 'gone', 'slow'),
  { minLength: 1, maxLength: 40 },
);
const WAVES = fc.array(
  fc.oneof(
    fc.record({ count: fc.integer({ min: 1, max: 10 }) }),
    fc.record({ percent: fc.integer({ min: 1, max: 100 }) }),
  ),
  { maxLength: 4 },
);
const POLICIES: fc.Arbitrary<Partial<RolloutPolicy>> = fc.record({
  waves: WAVES,
  concurrency: fc.option(fc.integer({ min: 1, max: 5 }), { nil: null }),
  healthSeconds: fc.integer({ min: 0, max: 60 }),
  failureBudget: fc.option(
    fc.oneof(
      fc.record({ count: fc.integer({ min: 0, max: 5 }) }),
      fc.record({ percent: fc.integer({ min: 0, max: 100 }) }),
    ),
    { nil: null },
  ),
  onHalt: fc.constantFrom('stay', 'return'),
});

describe('The waves of a rollout', () => {
  it('are one device, a tenth, and the rest', () => {
    assert.deepEqual(waveSizes([{ count: 1 }, { percent: 10 }, 'rest'], 1000), [1, 100, 899]);
    assert.deepEqual(waveSizes([], 3), [3]);
    assert.deepEqual(waveSizes([{ count: 5 }, { percent: 50 }], 4), [4]);
  });

  it('hold each target once, whatever they are', () => {
    fc.assert(
      fc.property(WAVES, fc.integer({ min: 1, max: 500 }), (waves, total) => {
        const sizes = waveSizes(waves, total);
        assert.equal(
          sizes.reduce((sum, size) => sum + size, 0),
          total,
        );
        assert.ok(sizes.every((size) => size > 0));
      }),
    );
  });
});

describe('A run', () => {
  it('never tells more at once than it may, none twice, and ends', () => {
    fc.assert(
      fc.property(POLICIES, FATES, (policy, fates) => {
        const world = new World(policy, fates);
        world.settle();

        assert.ok(
          world.most <= (policy.concurrency ?? Number.POSITIVE_INFINITY) ||
            world.run.returning ||
            world.run.state === 'rolled-back',
        );
        assert.ok(
          ['succeeded', 'failed', 'halted', 'rolled-back'].includes(world.run.state),
          world.run.state,
        );
      }),
    );
  });

  it('tells nobody before the wave is there, and the health time of the one before is over', () => {
    fc.assert(
      fc.property(POLICIES, FATES, (policy, fates) => {
        const world = new World(policy, fates);
        world.settle();
        const waveOf = new Map(world.run.targets.map(({ targetId, wave }) => [targetId, wave]));
        const times = (wave: number) =>
          [...world.told].filter(([id]) => waveOf.get(id) === wave).map(([, at]) => at);
        const last = Math.max(...waveOf.values());
        for (let wave = 1; wave <= last; wave++) {
          const begins = Math.min(...times(wave));
          const before = Math.max(...times(wave - 1));
          const worked = world.run.targets.some(
            (target) => target.wave === wave - 1 && target.state === 'succeeded',
          );
          const health = worked ? (policy.healthSeconds ?? 0) * SECOND : 0;
          assert.ok(
            !(begins < before + health),
            `wave ${wave} began at ${begins}, the last was told at ${before}`,
          );
        }
      }),
    );
  });

  it('halts or goes back as soon as more have failed than may', () => {
    fc.assert(
      fc.property(POLICIES, FATES, (policy, fates) => {
        const world = new World(policy, fates);
        world.settle();
        const allowed = allowedFailures(policy.failureBudget ?? null, fates.length);
        const told = fates.filter((fate, index) => fate === 'fails' && world.told.has(`d${index}`)).length;
        if (allowed !== null && told > allowed) {
          assert.ok(['halted', 'rolled-back'].includes(world.run.state));
        } else {
          assert.ok(['succeeded', 'failed'].includes(world.run.state));
        }
      }),
    );
  });

  it('tells nobody any more when it is halted or paused, and counts those under way', () => {
    fc.assert(
      fc.property(
        POLICIES,
        FATES,
        fc.constantFrom('paused' as const, 'halted' as const),
        (policy, fates, state) => {
          const world = new World({ ...policy, failureBudget: null }, fates);
          world.look();
          if (world.run.state !== 'running') {
            return;
          }
          world.run = { ...world.run, state };
          const told = world.told.size;
          for (let i = 0; i < 100; i++) {
            world.now += 30 * SECOND;
            world.look();
          }
          assert.equal(world.told.size, told);
          assert.equal(world.count('updating'), 0);
        },
      ),
    );
  });

  it('halts in the health time when a device that ran the snapshot breaks', () => {
    const waves = [{ count: 1 }];
    const policy = { waves, healthSeconds: 60, failureBudget: { count: 0 } };
    const world = new World(policy, ['breaks later', 'works', 'works']);
    world.settle();

    assert.equal(world.run.state, 'halted');
    assert.match(world.run.message ?? '', /^Halted: 1 of 3 targets failed, and 0 may\. device 0\.$/);
    assert.match(world.run.targets[0]?.reason ?? '', /ran the snapshot, and failed after that: It crashed/);
    assert.equal(world.told.size, 1);
  });

  it('halts in the health time when a device that ran the snapshot goes away and stays away', () => {
    const policy = { waves: [{ count: 1 }], healthSeconds: 60, failureBudget: { count: 0 } };
    const world = new World(policy, ['vanishes later', 'works', 'works']);
    world.settle();

    assert.equal(world.run.state, 'halted');
    assert.match(
      world.run.targets[0]?.reason ?? '',
      /ran the snapshot, and failed after that: It went offline/,
    );
    assert.equal(world.told.size, 1);
  });

  it('waits at the end of a short health time for a device that is away, and halts when it stays away', () => {
    const policy = { waves: [{ count: 1 }], healthSeconds: 20, failureBudget: { count: 0 } };
    const world = new World(policy, ['vanishes later', 'works', 'works']);
    world.settle();

    assert.equal(world.run.state, 'halted');
    assert.equal(world.told.size, 1);
  });

  it('goes on when a device that was away is back', () => {
    const policy = { waves: [{ count: 1 }], healthSeconds: 20, failureBudget: { count: 0 } };
    const world = new World(policy, ['is away for a moment', 'works', 'works']);
    world.settle();

    assert.equal(world.run.state, 'succeeded');
    assert.equal(world.told.get('d1'), 35 * SECOND);
  });

  it('goes on after a halt without counting what failed before', () => {
    const fates: Fate[] = ['fails', 'works', 'works', 'works'];
    const world = new World({ waves: [{ count: 2 }], failureBudget: { count: 0 } }, fates);
    world.settle();
    assert.equal(world.run.state, 'halted');
    assert.equal(world.told.size, 2);
    world.run = { ...world.run, state: 'running', forgiven: 1 };
    world.settle();

    assert.equal(world.run.state, 'failed');
    assert.equal(world.count('succeeded'), 3);
  });

  it('goes through within its budget and names those that failed', () => {
    const fates: Fate[] = Array.from({ length: 20 }, (_, index) => (index === 7 ? 'fails' : 'works'));
    const world = new World({ failureBudget: { percent: 5 } }, fates);
    world.settle();

    assert.equal(world.run.state, 'succeeded');
    assert.equal(world.run.message, '1 of 20 targets failed: device 7. a module is missing');
  });

  it('takes the target of the group away from those that failed when it halts', () => {
    const world = new World({ failureBudget: { count: 0 } }, ['fails', 'works', 'slow']);
    const untold: string[] = [];
    for (; world.now < 60 * SECOND; world.now += SECOND) {
      untold.push(...world.look().untell);
    }

    assert.equal(world.run.state, 'halted');
    assert.deepEqual(untold, ['d0']);
    assert.equal(world.count('succeeded'), 2);
  });

  it('waits for its start and then begins', () => {
    const world = new World({}, ['works']);
    world.run = { ...world.run, startAt: 60 * SECOND };
    world.look();
    assert.equal(world.run.state, 'waiting');
    assert.equal(world.run.waitsUntil, 60 * SECOND);
    world.now = 60 * SECOND;
    world.look();

    assert.equal(world.run.state, 'running');
    assert.equal(world.told.size, 1);
  });

  it('waits for the first window that opens, and says so of each target', () => {
    const run = runOf({ concurrency: 2 }, 2);
    const facts = new Map<string, TargetFacts>([
      ['d0', { ...FRESH, opensAt: 7_200_000 }],
      ['d1', { ...FRESH, opensAt: 3_600_000 }],
    ]);
    const waits = decide(run, facts, 0);
    facts.set('d1', FRESH);
    const begins = decide(waits.run, facts, 3_600_000);

    assert.equal(waits.run.state, 'waiting');
    assert.equal(waits.run.waitsUntil, 3_600_000);
    assert.match(waits.run.targets[0]?.reason ?? '', /opens at 1970-01-01T02:00/);
    assert.deepEqual(begins.tell, ['d1']);
    assert.equal(begins.run.state, 'running');
  });
});
