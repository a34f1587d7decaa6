import assert from 'node:assert/strict';
import { RUNTIME_STATUSES } from '@flowyard/protocol';
import { type DeviceFilter, DeviceTracker } from '../../../nodes/src/device-status/behaviour.ts';
import { STATUSES } from '../../../nodes/src/device-status/statuses.ts';
import { buildRequest } from '../../../nodes/src/snapshot/behaviour.ts';
import { buildDevice } from './builders.ts';

const ALL: DeviceFilter = { scope: 'application', subject: '', statuses: [] };

describe('deciding which change of a device is worth a message', () => {
  it('says nothing of a device that is seen for the first time, unless asked', () => {
    assert.equal(new DeviceTracker(ALL).take(buildDevice(), { announceUnknown: false }), null);
    assert.equal(new DeviceTracker(ALL).take(buildDevice(), { announceUnknown: true })?.previous, null);
  });

  it('tells a new status with the one before', () => {
    const tracker = new DeviceTracker(ALL);
    tracker.take(buildDevice(), { announceUnknown: false });

    const message = tracker.take(buildDevice({ status: 'offline', presence: 'offline' }), {
      announceUnknown: false,
    });

    assert.deepEqual(
      [message?.topic, message?.payload.status, message?.previous],
      ['Filler 3', 'offline', 'running'],
    );
  });

  it('is silent while only figures and progress change', () => {
    const tracker = new DeviceTracker(ALL);
    tracker.take(buildDevice(), { announceUnknown: false });

    assert.equal(
      tracker.take(buildDevice({ memoryBytes: 5, progress: 0.5 }), { announceUnknown: false }),
      null,
    );
  });

  it('hears only of the device or group that is named, by name or id', () => {
    const group = { id: 'grp001', name: 'Fillers' };
    const cases: [DeviceFilter['scope'], string, boolean][] = [
      ['device', 'Filler 3', true],
      ['device', 'dev001', true],
      ['device', 'Filler 4', false],
      ['device-group', 'Fillers', true],
      ['device-group', 'grp001', true],
      ['device-group', 'Cappers', false],
    ];

    for (const [scope, subject, isHeard] of cases) {
      const tracker = new DeviceTracker({ scope, subject, statuses: [] });
      const message = tracker.take(buildDevice({ deviceGroup: group }), { announceUnknown: true });
      assert.equal(message !== null, isHeard, `${scope} ${subject}`);
    }
  });

  it('hears only of the statuses that are ticked, and knows the others as the ones before', () => {
    const tracker = new DeviceTracker({ ...ALL, statuses: ['offline'] });

    assert.equal(tracker.take(buildDevice({ status: 'updating' }), { announceUnknown: true }), null);
    const message = tracker.take(buildDevice({ status: 'offline' }), { announceUnknown: true });
    assert.equal(message?.previous, 'updating');
  });

  it('offers in its edit dialog only statuses that there are', () => {
    assert.deepEqual(
      STATUSES.filter((status) => !RUNTIME_STATUSES.includes(status)),
      [],
    );
  });
});

describe('naming a snapshot', () => {
  const now = new Date('2026-03-04T05:06:07.890Z');

  it('takes what it is given', () => {
    assert.deepEqual(buildRequest(' Release 2 ', 'before the audit', now), {
      name: 'Release 2',
      description: 'before the audit',
    });
  });

  it('names it after the time when there is no name', () => {
    for (const name of ['', '  ', undefined, null, '\n']) {
      assert.equal(buildRequest(name, '', now).name, 'Flow, 2026-03-04 05:06:07');
    }
  });

  it('makes a usable name of whatever comes with a message', () => {
    assert.equal(buildRequest(42, undefined, now).name, '42');
    assert.equal(buildRequest('two\nlines', undefined, now).name, 'two lines');
    assert.equal(buildRequest('x'.repeat(500), undefined, now).name.length, 120);
  });
});
