import assert from 'node:assert/strict';
import type { MaintenanceWindow } from '@flowyard/protocol';
import { opensAt } from '../../../control-plane/src/features/pipelines/maintenance-window.ts';

const BERLIN = 'Europe/Berlin';
const NIGHT: MaintenanceWindow = {
  days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'],
  from: '02:00',
  to: '04:00',
  timeZone: BERLIN,
};

describe('A maintenance window', () => {
  const cases: Array<[string, Partial<MaintenanceWindow>, string, string, string | null]> = [
    ['is open from its first minute', {}, BERLIN, '2026-01-14T01:00:00Z', null],
    ['is open until its last minute', {}, BERLIN, '2026-01-14T02:59:59Z', null],
    [
      'is shut at its end, and opens on the next day',
      {},
      BERLIN,
      '2026-01-14T03:00:00Z',
      '2026-01-15T01:00:00Z',
    ],
    ['goes by the summer time of its zone', {}, BERLIN, '2026-07-14T03:00:00Z', '2026-07-15T00:00:00Z'],
    ['goes by the zone of the device', {}, 'Asia/Kolkata', '2026-01-14T00:00:00Z', '2026-01-14T20:30:00Z'],
    ['waits for its day', { days: ['sat'] }, BERLIN, '2026-01-14T12:00:00Z', '2026-01-17T01:00:00Z'],
    [
      'waits a week when it has just closed',
      { days: ['wed'] },
      BERLIN,
      '2026-01-14T03:00:00Z',
      '2026-01-21T01:00:00Z',
    ],
    [
      'lasts into the next day',
      { days: ['fri'], from: '22:00', to: '04:00' },
      BERLIN,
      '2026-01-17T02:30:00Z',
      null,
    ],
    [
      'that lasts into the next day does not begin on that day',
      { days: ['fri'], from: '22:00', to: '04:00' },
      BERLIN,
      '2026-01-16T02:30:00Z',
      '2026-01-16T21:00:00Z',
    ],
    [
      'is a whole day when it ends where it begins',
      { days: ['sun'], from: '00:00', to: '00:00' },
      'UTC',
      '2026-01-18T23:59:00Z',
      null,
    ],
    // On 29 March 2026 the clock goes from 02:00 to 03:00 in Berlin.
    [
      'is shorter by the hour that does not exist',
      {},
      BERLIN,
      '2026-03-29T00:59:00Z',
      '2026-03-29T01:00:00Z',
    ],
    [
      'does not open on a day on which it does not exist',
      { from: '02:10', to: '02:50' },
      BERLIN,
      '2026-03-28T12:00:00Z',
      '2026-03-30T00:10:00Z',
    ],
    // On 25 October 2026 the hour from 02:00 to 03:00 is there twice.
    ['is longer by the hour that is there twice', { to: '03:00' }, BERLIN, '2026-10-25T01:30:00Z', null],
    [
      'opens twice when its hour is there twice',
      { from: '02:00', to: '02:30' },
      BERLIN,
      '2026-10-25T00:30:00Z',
      '2026-10-25T01:00:00Z',
    ],
    [
      'finds a window of a few minutes',
      { from: '02:07', to: '02:09' },
      'UTC',
      '2026-01-14T02:09:00Z',
      '2026-01-15T02:07:00Z',
    ],
  ];
  for (const [title, window, zone, now, expected] of cases) {
    it(title, () => {
      const at = opensAt({ ...NIGHT, ...window }, zone, Date.parse(now));
      assert.equal(
        at === null ? null : new Date(at).toISOString(),
        expected && new Date(expected).toISOString(),
      );
    });
  }
});
