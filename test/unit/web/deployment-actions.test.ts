import assert from 'node:assert/strict';
import type { DeploymentView } from '@flowyard/protocol';
import {
  offeredActions,
  requestOf,
  restOf,
} from '../../../control-plane/web/src/features/pipelines/deployment-actions.ts';

const NONE = { total: 10, waiting: 0, updating: 0, succeeded: 0, failed: 0, skipped: 0, returned: 0 };

function offered(
  state: DeploymentView['state'],
  counts: Partial<DeploymentView['counts']>,
  { returning = false, mayPushThere = true } = {},
): string[] {
  return offeredActions({ state, returning, counts: { ...NONE, ...counts } }, mayPushThere);
}

describe('what the page offers for a deployment', () => {
  it('is to end it while it waits for approval', () => {
    assert.deepEqual(offered('planned', { waiting: 10 }), ['abort']);
  });

  it('is to go on first when it stands still', () => {
    const counts = { waiting: 5, succeeded: 3, failed: 2 };

    assert.deepEqual(offered('halted', counts), ['resume', 'abort', 'rollback']);
    assert.deepEqual(offered('paused', { waiting: 10 }), ['resume', 'abort']);
    assert.deepEqual(offered('running', counts), ['pause', 'abort', 'rollback']);
  });

  it('is to run it again when it has ended, also when all went well', () => {
    assert.deepEqual(offered('succeeded', { succeeded: 10 }), ['again', 'rollback']);
    assert.deepEqual(offered('aborted', { skipped: 10 }), ['again']);
    assert.deepEqual(offered('rolled-back', { returned: 10 }, { returning: true }), ['again']);
  });

  it('is only to stop it for whoever may not push there', () => {
    const counts = { waiting: 5, succeeded: 3, failed: 2 };
    const elsewhere = { mayPushThere: false };

    assert.deepEqual(offered('halted', counts, elsewhere), ['abort']);
    assert.deepEqual(offered('running', counts, elsewhere), ['pause', 'abort']);
    assert.deepEqual(offered('succeeded', { succeeded: 10 }, elsewhere), []);
  });

  it('counts what does not run the snapshot', () => {
    assert.equal(restOf({ counts: { ...NONE, succeeded: 7, failed: 3 } }), 3);
  });
});

describe('the request that an action makes', () => {
  it('names another budget only where one was chosen, none being one, too', () => {
    assert.deepEqual(requestOf('resume', { targets: 'rest' }), { action: 'resume' });
    assert.deepEqual(requestOf('resume', { targets: 'rest', budget: null }), {
      action: 'resume',
      failureBudget: null,
    });
    assert.deepEqual(requestOf('resume', { targets: 'rest', budget: { count: 3 } }), {
      action: 'resume',
      failureBudget: { count: 3 },
    });
  });

  it('names targets only where it runs again', () => {
    assert.deepEqual(requestOf('again', { targets: 'all' }), { action: 'again', targets: 'all' });
    assert.deepEqual(requestOf('abort', { targets: 'all', budget: null }), { action: 'abort' });
  });
});
