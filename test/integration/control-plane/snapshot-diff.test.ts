import assert from 'node:assert/strict';
import {
  answeringFlow,
  buildApplication,
  buildInstance,
  buildMember,
  deploy,
} from '../../support/builders.ts';
import { type ControlPlaneInProcess, startControlPlane } from '../../support/control-plane.ts';

describe('The differences between two snapshots', function () {
  this.timeout(60_000);
  let cp: ControlPlaneInProcess;
  let teamId: string;
  let applicationId: string;
  let instanceId: string;

  before(async () => {
    cp = await startControlPlane();
    ({ teamId, applicationId } = await buildApplication(cp));
    instanceId = (await buildInstance(cp, applicationId, { flows: answeringFlow('one') })).id;
  });
  after(() => cp?.stop());

  const take = async (name: string, of = instanceId) =>
    (await cp.admin.call('createInstanceSnapshot', { params: { id: of }, body: { name } })).id;
  const setVariables = (items: Array<{ name: string; value: string; secret: boolean }>) =>
    cp.admin.call('setInstanceVariables', { params: { id: instanceId }, body: { items } });
  const diff = (id: string, otherId: string) => cp.admin.call('diffSnapshots', { params: { id, otherId } });

  it('are none with itself, and the code, the variables and the settings that were changed since', async () => {
    await setVariables([
      { name: 'LINE', value: '1', secret: false },
      { name: 'KEPT', value: 'sesame', secret: true },
      { name: 'TURNED', value: 'old', secret: true },
    ]);
    const first = await take('First');
    await deploy(cp, instanceId, answeringFlow('two'));
    await setVariables([
      { name: 'LINE', value: '2', secret: false },
      { name: 'KEPT', value: 'sesame', secret: true },
      { name: 'TURNED', value: 'new', secret: true },
    ]);
    await cp.admin.call('putInstanceSettings', {
      params: { id: instanceId },
      body: { values: { 'runtime.timeZone': 'Europe/Berlin', 'palette.npmrc': '//a/:_authToken=hush' } },
    });
    const second = await take('Second');

    const itself = await diff(first, first);
    const found = await diff(first, second);

    assert.equal(itself.same, true);
    assert.equal(found.same, false);
    assert.deepEqual(
      found.flows.flows.map(({ name, nodes }) => [name, nodes.map(({ id, change }) => `${id} ${change}`)]),
      [['Answering', ['function1 changed']]],
    );
    assert.deepEqual(found.flows.flows[0]?.nodes[0]?.properties[0]?.hunks?.[0]?.lines, [
      '-msg.payload = "one";',
      '+msg.payload = "two";',
      ' return msg;',
    ]);
    assert.deepEqual(
      found.variables.map(({ name, change }) => [name, change]),
      [
        ['LINE', 'changed'],
        ['TURNED', 'changed'],
      ],
    );
    assert.deepEqual(found.settings, [
      { key: 'runtime.timeZone', before: null, after: { value: 'Europe/Berlin' } },
    ]);
    assert.doesNotMatch(JSON.stringify(found), /sesame|old|hush/);
  });

  it('are those with what runs now, too', async () => {
    const id = await take('Before');
    const params = { id, instanceId };

    assert.equal((await cp.admin.call('diffWithInstance', { params })).same, true);
    await deploy(cp, instanceId, answeringFlow('three'));
    const { same, flows, after } = await cp.admin.call('diffWithInstance', { params });

    assert.equal(same, false);
    assert.equal(flows.counts.changed, 1);
    assert.deepEqual([after.kind, after.id, after.snapshotId], ['instance', instanceId, null]);
  });

  it('are told the other way round, from what runs now to a snapshot, and between what two instances run', async () => {
    const { id } = await buildInstance(cp, applicationId, { flows: answeringFlow('here') });
    const other = await buildInstance(cp, applicationId, { flows: answeringFlow('there') });
    const snapshotId = await take('There', other.id);
    const lines = ['-msg.payload = "here";', '+msg.payload = "there";', ' return msg;'];
    const linesOf = (found: Awaited<ReturnType<typeof diff>>) =>
      found.flows.flows[0]?.nodes[0]?.properties[0]?.hunks?.[0]?.lines;

    const withSnapshot = await cp.admin.call('diffInstanceWithSnapshot', { params: { id, snapshotId } });
    const withInstance = await cp.admin.call('diffInstances', { params: { id, otherId: other.id } });

    assert.deepEqual(linesOf(withSnapshot), lines);
    assert.deepEqual(linesOf(withInstance), lines);
    assert.deepEqual([withSnapshot.before.kind, withSnapshot.after.kind], ['instance', 'snapshot']);
    assert.equal(withInstance.after.id, other.id);
    const stranger = await buildMember(cp, null);
    await stranger.client.refused('diffInstances', 404, { params: { id, otherId: other.id } });
  });

  it('leave out what was only moved, when asked to', async () => {
    const id = await take('Placed');
    await deploy(
      cp,
      instanceId,
      answeringFlow('three').map((node) =>
        node.type === 'tab' ? node : { ...node, x: Number(node.x) + 20 },
      ),
    );

    const counts = async (ignorePositions: 'true' | 'false') =>
      (await cp.admin.call('diffWithInstance', { params: { id, instanceId }, query: { ignorePositions } }))
        .flows.counts;

    assert.equal((await counts('false')).moved, 3);
    assert.deepEqual(await counts('true'), { added: 0, removed: 0, changed: 0, moved: 0 });
  });

  it('say nothing of the secrets of another instance, which would help to guess them', async () => {
    const other = await buildInstance(cp, applicationId, { flows: answeringFlow('one') });
    await cp.admin.call('setInstanceVariables', {
      params: { id: other.id },
      body: { items: [{ name: 'KEPT', value: 'sesame', secret: true }] },
    });

    const { credentials, variables } = await diff(await take('Mine'), await take('Theirs', other.id));

    assert.equal(credentials, 'unknown');
    assert.equal(variables.find(({ name }) => name === 'KEPT')?.change, 'unknown');
  });

  it('need both sides to be visible', async () => {
    const mine = await take('Mine');
    const elsewhere = await cp.admin.call('createApplication', {
      params: { id: teamId },
      body: { name: 'Hidden' },
    });
    const hidden = await buildInstance(cp, elsewhere.id);
    const theirs = await take('Theirs', hidden.id);
    const { client, userId } = await buildMember(cp, teamId, 'viewer');
    await cp.admin.call('setApplicationRole', {
      params: { id: elsewhere.id, userId },
      body: { role: 'none' },
    });

    await client.call('diffSnapshots', { params: { id: mine, otherId: mine } });
    await client.refused('diffSnapshots', 404, { params: { id: mine, otherId: theirs } });
    await client.refused('diffSnapshots', 404, { params: { id: theirs, otherId: mine } });
    await client.refused('diffWithInstance', 404, { params: { id: mine, instanceId: hidden.id } });
  });

  it('are not told between teams', async () => {
    const { applicationId: abroad } = await buildApplication(cp);
    const foreign = await buildInstance(cp, abroad);

    await cp.admin.refused('diffSnapshots', 422, {
      params: { id: await take('Mine'), otherId: await take('Foreign', foreign.id) },
    });
  });

  it('say what to do when a device has not said what it runs', async () => {
    const device = await cp.admin.call('createDevice', {
      params: { id: teamId },
      body: { name: 'silent', applicationId },
    });

    const { code } = await cp.admin.refused('diffWithDevice', 409, {
      params: { id: await take('Mine'), deviceId: device.id },
    });

    assert.equal(code, 'nothing_runs');
  });
});
