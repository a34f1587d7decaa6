import assert from 'node:assert/strict';
import { type DriftFacts, driftOf } from '@flowyard/protocol';

const OLD = { id: 'snap001', name: 'Old' };
const NEW = { id: 'snap002', name: 'New' };
const facts = (changes: Partial<DriftFacts> = {}): DriftFacts => ({
  presence: 'online',
  lastSeenAt: '2026-05-04T10:20:30.000Z',
  mode: 'fleet',
  desired: 'running',
  state: 'running',
  step: null,
  reason: null,
  generation: 3,
  knownGeneration: 3,
  target: NEW,
  running: OLD,
  failedSnapshotId: null,
  agentVersion: '0.1.0',
  ...changes,
});

describe('Why a device does not run its target', () => {
  it('is not asked of a device that does, or that has none', () => {
    assert.equal(driftOf(facts({ running: NEW })), null);
    assert.equal(driftOf(facts({ target: null, running: null })), null);
    assert.equal(driftOf(facts({ target: null })), null);
    assert.equal(driftOf(facts({ target: null })), null, 'without a target it goes on with what it ran');
    assert.equal(driftOf(facts({ running: NEW, presence: 'offline' })), null);
  });

  const cases: Array<[string, Partial<DriftFacts>, string, RegExp]> = [
    ['it never came', { presence: 'never', running: null }, 'never', /Start its agent/],
    ['it is away', { presence: 'offline' }, 'offline', /offline since 2026-05-04 10:20 UTC and ran “Old”/],
    ['people edit on it', { mode: 'developer', presence: 'offline' }, 'developer', /developer mode/],
    [
      'the target failed',
      { failedSnapshotId: 'snap002', reason: 'A module is missing.\nlog' },
      'failed',
      /“New” was tried and given up\. A module is missing\. Try it again/,
    ],
    [
      'the target failed, in the words of the agent',
      { failedSnapshotId: 'snap002', reason: 'Snapshot "New" was tried and given up: It crashed.\n\nmore' },
      'failed',
      /^“New” was tried and given up\. It crashed\. Try it again/,
    ],
    ['it is stopped', { desired: 'stopped', state: 'stopped' }, 'stopped', /is stopped: it takes its target/],
    ['it is suspended', { desired: 'suspended', state: 'suspended' }, 'stopped', /is suspended/],
    ['its agent knows an older target', { knownGeneration: 2 }, 'unaware', /version 0\.1\.0\).*too old/],
    ['it is at it', { state: 'updating', step: 'installing modules' }, 'updating', /: installing modules\.$/],
    [
      'Node-RED crashes',
      { state: 'crashed', reason: 'It ended by itself.' },
      'broken',
      /^It ended by itself\.$/,
    ],
    [
      'something is not to be had',
      { reason: 'The registry cannot be reached. It is tried again by itself.' },
      'waiting',
      /registry cannot be reached/,
    ],
    [
      'somebody edits at the machine',
      { running: NEW, reason: 'Its emergency editor was opened at the machine, until noon.\n\nmore' },
      'developer',
      /^Its emergency editor was opened at the machine, until noon\.$/,
    ],
    ['it does not say', {}, 'unknown', /runs “Old” and does not say why/],
  ];
  for (const [when, changes, kind, words] of cases) {
    it(`is said when ${when}`, () => {
      const drift = driftOf(facts(changes));
      assert.equal(drift?.kind, kind);
      assert.match(drift?.text ?? '', words);
    });
  }

  it('takes no more than a line of what the device says', () => {
    const drift = driftOf(facts({ reason: `${'x'.repeat(5000)}\nmore` }));
    assert.equal(drift?.text.length, 300);
  });
});
