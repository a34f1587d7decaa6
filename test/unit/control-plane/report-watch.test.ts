import assert from 'node:assert/strict';
import { ReportWatch } from '../../../control-plane/src/features/pipelines/report-watch.ts';
import { eventually } from '../../support/eventually.ts';

describe('What deployments hear of their targets', () => {
  let looks: string[];
  let watch: ReportWatch;
  beforeEach(() => {
    looks = [];
    watch = new ReportWatch((id) => looks.push(id));
  });
  afterEach(() => watch.stop());

  it('has one looked at as soon as the last of those that were told has reported', () => {
    watch.waitFor('push', { told: ['a', 'b', 'c'], watched: [], tellsMeanwhile: false });

    watch.heard('a');
    watch.heard('c');
    watch.heard('a');
    assert.deepEqual(looks, []);
    watch.heard('b');
    assert.deepEqual(looks, ['push']);
  });

  it('has it looked at once for several that report within a moment', async () => {
    watch.waitFor('push', { told: ['a', 'b', 'c'], watched: [], tellsMeanwhile: true });

    watch.heard('a');
    watch.heard('b');

    await eventually(() => looks.length > 0);
    assert.deepEqual(looks, ['push']);
  });

  it('looks again when one reports that was told again, or that must go on running well', async () => {
    watch.waitFor('push', { told: ['a'], watched: ['b'], tellsMeanwhile: true });
    watch.heard('a');
    assert.equal(looks.length, 1);
    watch.heard('b');
    await eventually(() => looks.length === 2);
    watch.waitFor('push', { told: ['a'], watched: [], tellsMeanwhile: true });
    watch.heard('a');
    assert.equal(looks.length, 3);
  });

  it('keeps apart deployments, and hears nothing for those that ended', () => {
    watch.waitFor('one', { told: ['a'], watched: [], tellsMeanwhile: false });
    watch.waitFor('other', { told: ['b'], watched: [], tellsMeanwhile: false });

    watch.heard('b');
    watch.heard('stranger');
    watch.forget('one');
    watch.heard('a');

    assert.deepEqual(looks, ['other']);
  });
});
