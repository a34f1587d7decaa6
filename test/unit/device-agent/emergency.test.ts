import assert from 'node:assert/strict';
import { whyNotOpen } from '../../../device-agent/src/emergency/emergency-editor.ts';
import { EMERGENCY, leftOf, openingFor, takenUp } from '../../../device-agent/src/emergency/opening.ts';
import { buildFacts, buildSnapshot, buildTarget } from './builders.ts';

const HOUR = 3_600_000;
const YEAR = 365 * 24 * HOUR;

/** A machine whose clocks a test can set. */
class Machine {
  wall = 1_800_000_000_000;
  uptime = 5000;
  boot = 'first';
  readonly now = () => this.wall;
  readonly up = () => this.uptime;

  pass(ms: number): void {
    this.wall += ms;
    this.uptime += ms;
  }

  reboot(awayMs: number): void {
    this.wall += awayMs;
    this.uptime = 0;
    this.boot = 'second';
  }
}

describe('the time of the emergency editor', () => {
  let machine: Machine;
  beforeEach(() => {
    machine = new Machine();
  });

  const open = () => openingFor(HOUR, 'a key', machine);

  it('is counted while the machine is up', () => {
    const opening = open();
    machine.pass(HOUR / 4);
    assert.equal(leftOf(opening, machine), 0.75 * HOUR);
    machine.pass(HOUR);
    assert.equal(leftOf(opening, machine), 0);
  });

  for (const jump of [-YEAR, YEAR]) {
    it(`does not change when the clock jumps by ${jump / HOUR} hours`, () => {
      const opening = open();
      machine.wall += jump;
      machine.pass(HOUR / 2);
      assert.equal(leftOf(opening, machine), HOUR / 2);
    });
  }

  it('goes on by the clock across a reboot', () => {
    const opening = open();
    machine.pass(HOUR / 4);
    machine.reboot(HOUR / 4);
    const after = takenUp(opening, machine);
    assert.equal(leftOf(after, machine), HOUR / 2);
    machine.pass(HOUR / 2);
    assert.equal(leftOf(after, machine), 0);
  });

  it('is never longer than it was opened for, whatever the clock says after a reboot', () => {
    const opening = open();
    machine.reboot(-YEAR);
    const after = takenUp(opening, machine);
    assert.equal(leftOf(after, machine), HOUR);
    machine.pass(HOUR);
    assert.equal(leftOf(after, machine), 0);
  });

  it('is over after a reboot that took longer, and when somebody ends it', () => {
    const opening = open();
    assert.equal(leftOf({ ...opening, isEnded: true }, machine), 0);
    machine.reboot(2 * HOUR);
    assert.equal(leftOf(takenUp(opening, machine), machine), 0);
  });

  it('is not believed when it is damaged', () => {
    assert.deepEqual(EMERGENCY.parse(open()), open());
    for (const damaged of [
      {},
      { ...open(), until: null },
      { ...open(), key: 1 },
      { ...open(), isEnded: 'no' },
    ]) {
      assert.throws(() => EMERGENCY.parse(damaged));
    }
  });
});

describe('opening the emergency editor', () => {
  const committed = { id: 'one', snapshot: buildSnapshot('snap01') };
  const developer = { hasWorkspace: true, base: null, ready: buildFacts().ready };
  const open = { isOver: false, until: 0 };

  it('needs a release, and a device that is to run', () => {
    assert.match(whyNotOpen(null, null) ?? '', /starting/);
    assert.match(whyNotOpen(null, buildFacts()) ?? '', /no release/);
    assert.match(
      whyNotOpen(buildTarget({ desired: 'suspended' }), buildFacts({ committed })) ?? '',
      /suspended/,
    );
    assert.equal(whyNotOpen(null, buildFacts({ committed })), null);
    assert.equal(whyNotOpen(buildTarget(), buildFacts({ committed })), null);
  });

  it('gives way to developer mode, also while that ends', () => {
    const facts = buildFacts({ committed });
    assert.match(whyNotOpen(buildTarget({ mode: 'developer' }), facts) ?? '', /developer mode/);
    assert.match(whyNotOpen(buildTarget(), buildFacts({ committed, developer })) ?? '', /developer mode/);
  });

  it('prolongs what is open, and waits for what is being ended', () => {
    const edited = { committed, developer };
    assert.equal(whyNotOpen(buildTarget(), buildFacts({ ...edited, emergency: open })), null);
    const over = buildFacts({ ...edited, emergency: { ...open, isOver: true } });
    assert.match(whyNotOpen(buildTarget(), over) ?? '', /moment/);
  });
});
