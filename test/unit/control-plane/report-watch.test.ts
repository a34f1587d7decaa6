import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
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
    watch.waitFor('push', { told: ['a', 'b', 'c'], watched: [], tellsMeanwhile: false, until: null });

    watch.heard('a');
    watch.heard('c');
    watch.heard('a');
    assert.deepEqual(looks, []);
    watch.heard('b');
    assert.deepEqual(looks, ['push']);
  });

  it('has it looked at once for several that report within a moment', async () => {
    watch.waitFor('push', { told: ['a', 'b', 'c'], watched: [], tellsMeanwhile: true, until: null });

    watch.heard('a');
    watch.heard('b');

    await eventually(() => looks.length > 0);
    assert.deepEqual(looks, ['push']);
  });

  it('looks again when one reports that was told again, or that must go on running well', async () => {
    watch.waitFor('push', { told: ['a'], watched: ['b'], tellsMeanwhile: true, until: null });
    watch.heard('a');
    assert.equal(looks.length, 1);
    watch.heard('b');
    await eventually(() => looks.length === 2);
    watch.waitFor('push', { told: ['a'], watched: [], tellsMeanwhile: true, until: null });
    watch.heard('a');
    assert.equal(looks.length, 3);
  });

  it('has one looked at once its time has come, and not again because it is over', async () => {
    const awaited = { told: [], watched: [], tellsMeanwhile: false };
    const until = Date.now() + 30;
    watch.waitFor('later', { ...awaited, until: Date.now() + 60_000 });
    watch.waitFor('push', { ...awaited, until });

    await eventually(() => looks.length > 0);
    watch.waitFor('push', { ...awaited, until: Date.now() });
    await delay(50);

    assert.deepEqual(looks, ['push']);
  });

  it('forgets the time of one that was changed, or has ended', async () => {
    const awaited = { told: [], watched: [], tellsMeanwhile: false };
    for (const id of ['paused', 'ended']) {
      watch.waitFor(id, { ...awaited, until: Date.now() + 20 });
    }
    watch.waitFor('paused', { ...awaited, until: null });
    watch.forget('ended');
    await delay(50);

    assert.deepEqual(looks, []);
  });

  it('keeps apart deployments, and hears nothing for those that ended', () => {
    watch.waitFor('one', { told: ['a'], watched: [], tellsMeanwhile: false, until: null });
    watch.waitFor('other', { told: ['b'], watched: [], tellsMeanwhile: false, until: null });

    watch.heard('b');
    watch.heard('stranger');
    watch.forget('one');
    watch.heard('a');

    assert.deepEqual(looks, ['other']);
  });
});
