import assert from 'node:assert/strict';
import type { FlowNode } from '@flowyard/protocol';
import { getFromInstance } from '../../support/api-client.ts';
import {
  answeringFlow,
  answers,
  buildApplication,
  buildInstance,
  deploy,
  instanceIn,
} from '../../support/builders.ts';
import { type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';
import { eventually } from '../../support/eventually.ts';

/** Flows whose HTTP route takes a snapshot and answers with it. */
function snapshotFlows(): FlowNode[] {
  const place = { z: 'tab1', x: 100, y: 100 };
  return [
    { id: 'tab1', type: 'tab', label: 'Snapshots' },
    { ...place, id: 'in1', type: 'http in', url: '/take', method: 'get', wires: [['sn1']] },
    {
      ...place,
      ...{ id: 'sn1', type: 'flowyard-snapshot', wires: [['out1']] },
      ...{ snapshotName: 'req.query.name', snapshotNameType: 'msg', description: '', descriptionType: 'str' },
    },
    { ...place, id: 'out1', type: 'http response', wires: [] },
  ];
}

describe('the palette nodes on a hosted instance', function () {
  this.timeout(60_000);
  let plane: RunningControlPlane;
  let applicationId: string;

  before(async () => {
    plane = await startControlPlane();
    ({ applicationId } = await buildApplication(plane));
  });

  after(() => plane?.stop());

  it('take a snapshot of the instance', async () => {
    const instance = await buildInstance(plane, applicationId, { start: true, flows: snapshotFlows() });
    await instanceIn(plane, instance.id, 'running');

    const answer = await eventually(async () => {
      const { status, body } = await getFromInstance(instance.url, '/take?name=From%20a%20flow');
      return status === 200 && body;
    });

    const { id } = JSON.parse(answer) as { id: string };
    const { items } = await plane.admin.call('listInstanceSnapshots', { params: { id: instance.id } });
    assert.equal(items.find((snapshot) => snapshot.id === id)?.name, 'From a flow');
  });

  it('put a snapshot back by its name', async () => {
    const place = { z: 'tab1', x: 100, y: 100 };
    const restoring = (text: string): FlowNode[] => [
      ...answeringFlow(text),
      { ...place, id: 'in2', type: 'http in', url: '/restore', method: 'get', wires: [['restore1']] },
      {
        ...{ ...place, id: 'restore1', type: 'flowyard-snapshot', action: 'restore', wires: [[]] },
        ...{
          snapshotName: 'req.query.name',
          snapshotNameType: 'msg',
          description: '',
          descriptionType: 'str',
        },
      },
    ];
    const instance = await buildInstance(plane, applicationId, { start: true, flows: restoring('good') });
    await answers(instance, 'good');
    await plane.admin.call('createInstanceSnapshot', { params: { id: instance.id }, body: { name: 'Good' } });
    await deploy(plane, instance.id, restoring('bad'));
    await answers(instance, 'bad');

    void getFromInstance(instance.url, '/restore?name=Good').catch(() => undefined);

    await answers(instance, 'good');
  });
});
