import assert from 'node:assert/strict';
import type { DeploymentView } from '@flowyard/protocol';
import { comparisonOf } from '../../../control-plane/web/src/features/pipelines/deployment-compare.ts';

type Compared = Parameters<typeof comparisonOf>[0];

function deployment(changes: Partial<Compared>): Compared {
  return {
    state: 'succeeded',
    snapshot: { id: 'new', name: 'New' },
    previous: null,
    targets: [],
    ...changes,
  };
}

function target(kind: 'instance' | 'device'): DeploymentView['targets'][number] {
  const times = { toldAt: null, changedAt: null };
  return { kind, id: 'target', name: 'target', wave: 0, state: 'waiting', reason: null, ...times };
}

describe('what a deployment is compared with', () => {
  it('is the snapshot that was there before', () => {
    const path = comparisonOf(deployment({ previous: { id: 'old', name: 'Old' } }));

    assert.equal(path, '/snapshots/old/compare/snapshot/new');
  });

  it('is what a hosted instance runs now, as long as the push has not begun', () => {
    const targets = [target('instance')];

    assert.equal(
      comparisonOf(deployment({ state: 'planned', targets })),
      '/instances/target/compare/snapshot/new',
    );
    assert.equal(comparisonOf(deployment({ state: 'succeeded', targets })), null);
  });

  it('is nothing where nothing was, or the same', () => {
    assert.equal(comparisonOf(deployment({ state: 'planned', targets: [target('device')] })), null);
    assert.equal(comparisonOf(deployment({ previous: { id: 'new', name: 'New' } })), null);
  });
});
