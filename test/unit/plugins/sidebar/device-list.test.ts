import assert from 'node:assert/strict';
import {
  countStatuses,
  searchDevices,
  sectionsOf,
} from '../../../../plugins/src/sidebar/editor/devices/device-list.ts';
import { buildDevice } from '../../nodes/builders.ts';

const group = { id: 'grp001', name: 'Fillers' };
const DEVICES = [
  buildDevice({ id: 'a', name: 'Filler 10', deviceGroup: group }),
  buildDevice({ id: 'b', name: 'Filler 9', deviceGroup: group, status: 'drift', labels: ['hall=2'] }),
  buildDevice({ id: 'c', name: 'Capper', instance: { id: 'inst01', name: 'line-dev' } }),
  buildDevice({ id: 'd', name: 'Lost', status: 'offline', runningSnapshot: { id: 's', name: 'Release 7' } }),
];

describe('the list of devices in the sidebar', () => {
  it('has those that the instance feeds first, then groups, then others, each by name', () => {
    const sections = sectionsOf(DEVICES, new Set(), 'inst01');

    assert.deepEqual(
      sections.map(({ kind, devices }) => [kind, devices.map(({ name }) => name)]),
      [
        ['instance', ['Capper']],
        ['group', ['Filler 9', 'Filler 10']],
        ['others', ['Lost']],
      ],
    );
  });

  it('keeps to the states that are chosen', () => {
    const sections = sectionsOf(DEVICES, new Set(['drift', 'offline'] as const), 'inst01');

    assert.deepEqual(
      sections.flatMap(({ devices }) => devices.map(({ id }) => id)),
      ['b', 'd'],
    );
  });

  it('finds by name, group, label and what runs', () => {
    const found = (text: string) => searchDevices(DEVICES, text).map(({ id }) => id);

    assert.deepEqual(found(' FILLER '), ['a', 'b']);
    assert.deepEqual(found('hall=2'), ['b']);
    assert.deepEqual(found('release 7'), ['d']);
    assert.equal(found('').length, 4);
  });

  it('counts states, the most frequent first', () => {
    assert.deepEqual(countStatuses(DEVICES)[0], ['running', 2]);
  });
});
