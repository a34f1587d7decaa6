import assert from 'node:assert/strict';
import { DEFAULT_ROLLOUT, DeploymentState, type StageView, UNFINISHED_DEPLOYMENTS } from '@flowyard/protocol';
import {
  isUnderWay,
  progressOf,
} from '../../../control-plane/web/src/features/pipelines/deployment-progress.ts';
import { changeWords, moduleWords } from '../../../control-plane/web/src/features/pipelines/dry-run-words.ts';
import { relationOf } from '../../../control-plane/web/src/features/pipelines/stage-words.ts';

function stage(snapshotId: string | null, kind: StageView['target']['kind'] = 'instance'): StageView {
  return {
    id: 'stage1',
    name: 'Stage',
    position: 0,
    action: 'active',
    protected: false,
    pushers: 'members',
    people: [],
    approval: false,
    missingVariables: 'warn',
    rollout: DEFAULT_ROLLOUT,
    target: { kind, id: 'target1', name: 'target', applicationId: 'application1', protected: false },
    status: 'running',
    devices: null,
    snapshot: snapshotId === null ? null : { id: snapshotId, name: snapshotId },
  };
}

const COUNTS = { total: 4, waiting: 0, updating: 1, succeeded: 1, failed: 1, skipped: 1, returned: 0 };

describe('what the page says of a pipeline', () => {
  it('calls neighbours equal only when they run the same snapshot', () => {
    assert.equal(relationOf(stage('one'), stage('one')), 'same');
    assert.equal(relationOf(stage('two'), stage('one')), 'differs');
    assert.equal(relationOf(stage('one'), stage(null)), 'differs');
  });

  it('tells changes since the last snapshot from nothing at all', () => {
    assert.equal(relationOf(stage(null), stage('one')), 'changed');
    assert.equal(relationOf(stage(null, 'device-group'), stage('one')), 'empty');
  });

  it('takes a deployment for under way in the states in which it can still change', () => {
    for (const state of DeploymentState.options) {
      assert.equal(isUnderWay({ state }), UNFINISHED_DEPLOYMENTS.includes(state), state);
    }
  });

  it('counts a deployment by what became of its targets', () => {
    const progress = progressOf({ counts: COUNTS });

    assert.deepEqual(progress, { done: 1, failed: 1, share: 0.75 });
  });
});

describe('what the page says before a push', () => {
  it('sums up the nodes, and names variables that come empty', () => {
    const words = changeWords({
      flows: {
        counts: { added: 2, removed: 0, changed: 1, moved: 0 },
        tabsReordered: false,
        flows: [
          {
            id: 'tab1',
            name: 'Filling',
            kind: 'tab',
            nodes: [
              {
                ...{ change: 'added', id: 'n1', type: 'inject', name: 'every minute', kind: 'node' },
                ...{ properties: [], wires: [], members: [], place: null, flow: null },
              },
            ],
          },
        ],
      },
      variables: [
        { name: 'BROKER', change: 'added', before: null, after: { value: '', secret: false } },
        { name: 'SHIFT', change: 'removed', before: { value: 'late', secret: false }, after: null },
      ],
    });

    assert.deepEqual(words.summary, ['Nodes: 2 added, 1 changed', '1 new variable, empty: BROKER']);
    assert.deepEqual(words.details, [{ change: 'added', name: 'every minute', where: 'inject on Filling' }]);
  });

  it('says what becomes of each module', () => {
    assert.deepEqual(
      moduleWords([
        { name: 'node-red-node-random', change: 'added', before: null, after: '0.4.1' },
        { name: 'node-red-dashboard', change: 'changed', before: '3.6.0', after: '3.6.5' },
      ]),
      ['Installs node-red-node-random 0.4.1', 'Changes node-red-dashboard from 3.6.0 to 3.6.5'],
    );
  });
});
