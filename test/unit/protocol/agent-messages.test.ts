import assert from 'node:assert/strict';
import { type AgentCommand, NO_FLOW_STATE, readAgentCommand, readAgentMessage } from '@flowyard/protocol';
import { buildSnapshot, buildTarget } from '../device-agent/builders.ts';

const current = {
  generation: 1,
  state: 'running',
  snapshotId: null,
  step: null,
  progress: null,
  reason: null,
  failedSnapshotId: null,
  nodeRed: null,
  mode: 'fleet',
  edited: false,
  flow: NO_FLOW_STATE,
};

describe('Messages between agents and control planes of different versions', () => {
  it('lose only what the reader does not know', () => {
    const target = buildTarget({ snapshot: buildSnapshot('snap001') });
    const command: AgentCommand = { type: 'target', target };
    const newer = {
      ...command,
      priority: 'high',
      target: {
        ...target,
        schedule: { at: 'night' },
        device: { ...target.device, site: 'Hall 2' },
        snapshot: {
          ...target.snapshot,
          author: 'somebody',
          manifest: { ...target.snapshot?.manifest, lockFile: 'sha256-…' },
        },
      },
    };

    assert.deepEqual(readAgentCommand(JSON.stringify(newer)), command);
    assert.deepEqual(readAgentMessage(JSON.stringify({ type: 'state', current: { ...current, mood: 1 } })), {
      type: 'state',
      current,
    });
  });

  it('say nothing of flows when the agent is older than that', () => {
    const { flow: _, ...older } = current;

    for (const told of [older, { ...older, flow: 'fine' }]) {
      assert.deepEqual(readAgentMessage(JSON.stringify({ type: 'state', current: told })), {
        type: 'state',
        current,
      });
    }
  });

  it('are passed over when they are of an unknown type', () => {
    assert.equal(readAgentCommand('{"type":"make-coffee","cups":2}'), 'unknown');
    assert.equal(readAgentMessage('{"type":"coffee-is-ready"}'), 'unknown');
  });

  it('are malformed when they are of a known type and do not fit, or are no messages at all', () => {
    for (const text of ['{"type":"target","target":{}}', 'no JSON', '{}', 'null', '[1]', '{"type":7}']) {
      assert.equal(readAgentCommand(text), null, text);
    }
    assert.equal(readAgentMessage('{"type":"state"}'), null);
  });
});
