import assert from 'node:assert/strict';
import { describeDetails } from '../../../control-plane/web/src/features/audit/describe-details.ts';

describe('the details of an audit entry', () => {
  it('are told without identifiers and empty parts', () => {
    const details = {
      snapshot: 'v1',
      pipelineId: '01abc',
      message: null,
      target: { kind: 'device', id: '01x' },
    };

    assert.equal(describeDetails(details), 'snapshot: v1 · target: kind: device');
  });

  it('tell a change from what to what', () => {
    assert.equal(describeDetails({ role: { before: 'viewer', after: 'member' } }), 'role: viewer → member');
    assert.equal(describeDetails({ description: { before: null, after: 'x' } }), 'description: nothing → x');
  });
});
