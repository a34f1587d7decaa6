import assert from 'node:assert/strict';
import { type DeviceCurrent, NO_FLOW_STATE } from '@flowyard/protocol';
import { eventsBetween, History, lastThatFit } from '../../../device-agent/src/spool/history.ts';
import { Minutes } from '../../../device-agent/src/spool/minutes.ts';

const RUNNING: DeviceCurrent = {
  generation: 1,
  state: 'running',
  snapshotId: 'snap001',
  step: null,
  progress: null,
  reason: null,
  failedSnapshotId: null,
  nodeRed: '4.1.0',
  mode: 'fleet',
  edited: false,
  flow: NO_FLOW_STATE,
};
const names = (before: Partial<DeviceCurrent>, after: Partial<DeviceCurrent>) =>
  eventsBetween({ ...RUNNING, ...before }, { ...RUNNING, ...after }).map(({ event }) => event);

describe('What a device writes down of itself', () => {
  it('is what happened between two looks, in its order', () => {
    assert.deepEqual(names({}, { step: 'other', progress: 0.5 }), []);
    assert.deepEqual(names({}, { state: 'updating' }), ['update-started']);
    assert.deepEqual(names({ state: 'updating' }, { snapshotId: 'snap002' }), [
      'update-committed',
      'running',
    ]);
    assert.deepEqual(names({ state: 'updating' }, { failedSnapshotId: 'snap002' }), [
      'update-failed',
      'running',
    ]);
    assert.deepEqual(names({}, { state: 'crashed' }), ['crashed']);
    assert.deepEqual(names({}, { mode: 'developer', state: 'starting' }), ['mode-changed']);
  });

  it('has the end of the log with failures, and the start and end of the agent', async () => {
    const written: object[] = [];
    const line = { at: '2026-01-01T00:00:00.000Z', level: 'error' as const, text: 'the cause' };
    const history = new History({
      spool: { append: (_stream, body) => written.push(body) },
      lastLines: async () => [line],
      agentVersion: '0.1.0',
    });
    history.note({ ...RUNNING });
    history.note({ ...RUNNING, state: 'crashed', reason: 'It ended.' });
    await history.stopped();
    assert.deepEqual(written, [
      {
        event: 'agent-started',
        details: { agentVersion: '0.1.0', state: 'running', snapshotId: 'snap001', mode: 'fleet' },
      },
      { event: 'crashed', details: { snapshotId: 'snap001', reason: 'It ended.' }, log: [line] },
      { event: 'agent-stopped', details: {} },
    ]);
  });

  it('keeps the last lines that fit', () => {
    const lines = ['aaaa', 'bbb', 'cc'].map((text) => ({ at: '', level: 'info' as const, text }));
    assert.deepEqual(
      lastThatFit(lines, 5).map(({ text }) => text),
      ['bbb', 'cc'],
    );
  });

  it('is its metrics by the minute: averages of what is used, the most of what peaks, sums of what passes', () => {
    const written: Array<{ at: string | undefined; body: object }> = [];
    let now = Date.parse('2026-01-01T00:00:30.000Z');
    const minutes = new Minutes(
      { uptime: 1000, append: (_stream, body, begun) => written.push({ at: begun?.at, body }) },
      () => now,
    );
    const figures = { memoryBytes: 10, cpuPercent: 10, eventLoopDelayMs: 1, messages: 2, requests: 1 };
    minutes.add(figures);
    minutes.add({ ...figures, cpuPercent: 20, memoryBytes: 5, eventLoopDelayMs: 4 });
    now += 60_000;
    minutes.add(figures);
    assert.deepEqual(written, [
      {
        at: '2026-01-01T00:00:00.000Z',
        body: { cpuPercent: 15, memoryBytes: 10, eventLoopDelayMs: 4, messages: 4, requests: 2 },
      },
    ]);
  });
});
