import assert from 'node:assert/strict';
import { NO_FLOW_STATE } from '@flowyard/protocol';
import { describeCurrent, type Situation } from '../../../device-agent/src/describe-current.ts';
import { NO_DEVELOPER } from '../../../device-agent/src/developer/plan-developer.ts';
import { WORKSPACE } from '../../../device-agent/src/developer/workspace.ts';
import type { DeviceFacts } from '../../../device-agent/src/plan-steps.ts';
import { releaseIdOf } from '../../../device-agent/src/release/release.ts';
import { buildFacts, buildSnapshot, buildTarget } from './builders.ts';

const OLD = { id: 'old', snapshot: buildSnapshot('snap01') };
const target = buildTarget({ generation: 7, snapshot: buildSnapshot('snap02') });
const running = {
  ...({ state: 'running', reason: null, step: null, nodeRed: '4.1.15', isBroken: false } as const),
  flow: NO_FLOW_STATE,
};
const NEW = buildSnapshot('snap02');
const failed = { releaseId: releaseIdOf(NEW), snapshotId: 'snap02', retries: 0, reason: 'It crashed.' };

function describeSituation({
  facts,
  ...overrides
}: Partial<Omit<Situation, 'facts'>> & { facts?: Partial<DeviceFacts> }) {
  const nothing = { target: null, runtime: null, phase: null, notice: null, isEdited: false };
  return describeCurrent({ ...nothing, facts: buildFacts(facts), ...overrides });
}

describe('what a device says of itself', () => {
  it('is idle before it knows anything', () => {
    assert.equal(describeSituation({}).state, 'idle');
  });

  it('is idle and names no snapshot when there is neither a target nor a release', () => {
    const current = describeSituation({ target: buildTarget() });

    assert.deepEqual([current.state, current.snapshotId], ['idle', null]);
  });

  it('names what goes on without a target', () => {
    const facts = { committed: OLD };
    const before = describeSituation({ target: buildTarget(), facts });
    const current = describeSituation({ target: buildTarget(), facts, runtime: running });

    assert.deepEqual([before.state, current.state, current.snapshotId], ['starting', 'running', 'snap01']);
  });

  it('names the snapshot that runs while the next one is fetched', () => {
    const phase = { step: 'installing Node-RED', progress: null };
    const current = describeSituation({ target, facts: { committed: OLD }, runtime: running, phase });

    assert.deepEqual(
      [current.state, current.snapshotId, current.step],
      ['updating', 'snap01', 'installing Node-RED'],
    );
  });

  it('says what it gave up and why, while the old snapshot runs', () => {
    const current = describeSituation({ target, facts: { committed: OLD, failed }, runtime: running });

    assert.deepEqual(
      [current.state, current.snapshotId, current.failedSnapshotId, current.reason, current.generation],
      ['running', 'snap01', 'snap02', 'Snapshot "Snapshot snap02" was tried and given up: It crashed.', 7],
    );
  });

  it('does not speak of a failure any more when it is to be tried again', () => {
    const again = buildTarget({ snapshot: NEW, retries: 1 });
    const current = describeSituation({ target: again, facts: { committed: OLD, failed }, runtime: running });

    assert.deepEqual([current.failedSnapshotId, current.reason], [null, null]);
  });

  it('does not speak of a failure when another snapshot is wanted', () => {
    const other = buildTarget({ snapshot: buildSnapshot('snap03') });
    const current = describeSituation({ target: other, facts: { committed: OLD, failed }, runtime: running });

    assert.deepEqual([current.failedSnapshotId, current.reason], [null, null]);
  });

  it('says that somebody at the machine edits, but not when developer mode was switched on or it is over', () => {
    const emergency = { isOver: false, until: Date.parse('2026-05-04T10:20:30Z') };
    const facts = { committed: OLD, emergency };
    const open = describeSituation({ target, facts, runtime: running });
    const developer = { ...target, mode: 'developer' as const };

    assert.match(open.reason ?? '', /emergency editor was opened at the machine, until 2026-05-04 10:20 UTC/);
    assert.equal(describeSituation({ target: developer, facts }).reason, null);
    const over = { ...facts, emergency: { ...emergency, isOver: true } };
    assert.equal(describeSituation({ target, facts: over }).reason, null);
  });

  it('is in error when the first snapshot failed and there is nothing to return to', () => {
    assert.equal(describeSituation({ target, facts: { failed } }).state, 'error');
  });

  it('is stopped when it should be and nothing runs', () => {
    const stopped = buildTarget({ desired: 'stopped', snapshot: buildSnapshot('snap01') });

    assert.equal(describeSituation({ target: stopped, facts: { committed: OLD } }).state, 'stopped');
  });

  it('cuts a reason that would not fit the protocol', () => {
    const current = describeSituation({
      target,
      facts: { failed: { ...failed, reason: 'x'.repeat(50_000) } },
    });

    assert.equal(current.reason?.length, 20_000);
  });

  it('is in error and says what is missing while nothing can run', () => {
    const committedReady = { release: true, nodeRed: false, modules: true };
    const current = describeSituation({ target, facts: { committed: OLD, committedReady } });

    assert.equal(current.state, 'error');
    assert.match(current.reason ?? '', /"Snapshot snap01" lacks Node-RED 4\.1\.15/);
  });

  it('names the snapshot that runs in place of a damaged one', () => {
    const before = { id: 'older', snapshot: buildSnapshot('snap00') };
    const current = describeSituation({
      target,
      facts: {
        committed: OLD,
        committedReady: { release: true, nodeRed: true, modules: false },
        before,
        running: { releaseId: 'older', isHealthy: true, isBroken: false },
      },
      runtime: running,
    });

    assert.deepEqual([current.state, current.snapshotId], ['running', 'snap00']);
    assert.match(current.reason ?? '', /"Snapshot snap01" lacks its modules.*"Snapshot snap00" runs/);
  });

  it('is in developer mode from when the release gives way, not while that still runs', () => {
    const developer = { ...NO_DEVELOPER, hasWorkspace: true };
    const modeWhile = (releaseId: string | null) =>
      describeSituation({
        target,
        facts: {
          committed: OLD,
          developer,
          running: releaseId === null ? null : { releaseId, isHealthy: true, isBroken: false },
        },
      }).mode;

    assert.deepEqual([OLD.id, null, WORKSPACE].map(modeWhile), ['fleet', 'developer', 'developer']);
  });
});
