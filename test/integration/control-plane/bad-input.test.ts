import assert from 'node:assert/strict';
import { ApiClient } from '../../support/api-client.ts';
import { answeringFlow, buildApplication, buildInstance, uniqueName } from '../../support/builders.ts';
import { type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';

describe('Bad input', () => {
  let cp: RunningControlPlane;
  let place: { teamId: string; applicationId: string };

  before(async () => {
    cp = await startControlPlane();
    place = await buildApplication(cp);
  });
  after(() => cp?.stop());

  const create = (body: unknown) => ({ params: { id: place.applicationId }, body });

  for (const name of [
    'Line',
    '1line',
    'line-',
    'line_1',
    '',
    'a'.repeat(64),
    '__proto__',
    '../etc',
    'line\u0000',
  ]) {
    it(`refuses the instance name ${JSON.stringify(name)} and says which are allowed`, async () => {
      const error = await cp.admin.refused('createInstance', 422, create({ name }));

      assert.match(error.message, /a-z, 0-9/);
      assert.match(JSON.stringify(error.details), /"field":"name"/);
    });
  }

  it('refuses reserved and taken names', async () => {
    const name = uniqueName('taken');
    await cp.admin.call('createInstance', create({ name, start: false }));

    await cp.admin.refused('createInstance', 422, create({ name: 'www' }));
    const error = await cp.admin.refused('createInstance', 409, create({ name }));

    assert.equal(error.code, 'name_taken');
    assert.equal((await cp.admin.call('listInstances', { params: { id: place.applicationId } })).total, 1);
  });

  it('refuses an unknown stack, one that is not installed, and unknown fields', async () => {
    const absent = (await cp.admin.call('listStacks')).items.find((stack) => stack.state === 'absent');

    await cp.admin.refused('createInstance', 422, create({ name: uniqueName('x'), stackId: 'nosuchstack' }));
    const error = await cp.admin.refused(
      'createInstance',
      409,
      create({ name: uniqueName('x'), stackId: absent?.id }),
    );
    await cp.admin.refused('createInstance', 422, create({ name: uniqueName('x'), colour: 'blue' }));

    assert.equal(error.code, 'stack_not_ready');
  });

  it('refuses flows that are not an array of nodes, and changes nothing', async () => {
    const instance = await buildInstance(cp, place.applicationId, { flows: answeringFlow('kept') });
    const put = (flows: unknown) => ({ params: { id: instance.id }, body: { revision: 1, flows } });

    for (const flows of [{}, 'flows', [1], [{ type: 'tab' }], null]) {
      await cp.admin.refused('putFlows', 422, put(flows));
    }

    const stored = await cp.admin.call('getFlows', { params: { id: instance.id } });
    assert.deepEqual(stored, { revision: 1, flows: answeringFlow('kept') });
  });

  it("refuses a deploy over somebody else's newer one", async () => {
    const instance = await buildInstance(cp, place.applicationId, { flows: answeringFlow('newer') });

    const error = await cp.admin.refused('putFlows', 409, {
      params: { id: instance.id },
      body: { revision: 0, flows: [] },
    });

    assert.equal(error.code, 'stale_revision');
    assert.deepEqual(error.details, { revision: 1 });
  });

  it('refuses a body of 50 MB without reading all of it', async () => {
    const instance = await buildInstance(cp, place.applicationId);
    const body = JSON.stringify({
      revision: 0,
      flows: [{ id: 'a', type: 'comment', info: 'x'.repeat(50 * 1024 * 1024) }],
    });

    const answer = await cp.admin.send('PUT', `/instances/${instance.id}/flows`, { body });

    assert.equal(answer.status, 413);
    assert.equal((answer.body as { error: { code: string } }).error.code, 'too_large');
  });

  it('answers malformed JSON, bad cursors and unknown paths as JSON', async () => {
    const malformed = await cp.admin.send('POST', '/teams', { body: '{"name":' });
    const unknown = await cp.admin.send('POST', '/no/such/path', { body: {} });

    assert.equal(malformed.status, 422);
    assert.equal(unknown.status, 404);
    assert.equal((unknown.body as { error: { code: string } }).error.code, 'not_found');
    await cp.admin.refused('listTeams', 422, { query: { cursor: 'nonsense' } });
    await cp.admin.refused('listTeams', 422, { query: { limit: 100_000 } });
  });

  it('refuses variables that are ours, doubled, or without a value', async () => {
    const instance = await buildInstance(cp, place.applicationId);
    const set = (items: unknown[]) => ({ params: { id: instance.id }, body: { items } });

    await cp.admin.refused('setInstanceVariables', 422, set([{ name: 'FLOWYARD_TOKEN', value: 'x' }]));
    await cp.admin.refused(
      'setInstanceVariables',
      422,
      set([
        { name: 'A', value: '1' },
        { name: 'A', value: '2' },
      ]),
    );
    await cp.admin.refused('setInstanceVariables', 422, set([{ name: 'A' }]));
    await cp.admin.refused('setInstanceVariables', 422, set([{ name: '1A', value: 'x' }]));
  });

  it('keeps a secret variable write-only', async () => {
    const instance = await buildInstance(cp, place.applicationId);
    const params = { id: instance.id };
    await cp.admin.call('setInstanceVariables', {
      params,
      body: { items: [{ name: 'KEY', value: 's3cret', secret: true }] },
    });

    await cp.admin.call('setInstanceVariables', { params, body: { items: [{ name: 'KEY', secret: true }] } });

    const { items } = await cp.admin.call('getInstanceVariables', { params });
    assert.deepEqual(items, [{ name: 'KEY', value: null, secret: true }]);
  });

  it('refuses wrong, expired and used-up provisioning tokens in words that help', async () => {
    const params = { id: place.teamId };
    await cp.admin.refused('createProvisioningToken', 422, {
      params,
      body: { name: 'x', expiresAt: '2001-01-01T00:00:00Z' },
    });
    const { token } = await cp.admin.call('createProvisioningToken', {
      params,
      body: { name: 'Once', uses: 1 },
    });
    const join = { body: { name: 'gateway', agentVersion: '0.1.0' } };

    await new ApiClient(cp.url, 'fyp_wrong').refused('registerDevice', 401, join);
    await new ApiClient(cp.url, token).call('registerDevice', join);
    const error = await new ApiClient(cp.url, token).refused('registerDevice', 403, join);

    assert.equal(error.code, 'token_used_up');
    assert.equal((await cp.admin.call('listTeamDevices', { params })).total, 1);
  });

  it('makes what was sent twice with the same Idempotency-Key once', async () => {
    const request = {
      params: { id: place.teamId },
      body: { name: 'Only once' },
      headers: { 'idempotency-key': 'abc' },
    };

    const [first, second] = await Promise.all([
      cp.admin.call('createApplication', request),
      cp.admin.call('createApplication', request),
    ]);
    const third = await cp.admin.call('createApplication', request);

    assert.equal(first.id, second.id);
    assert.equal(first.id, third.id);
  });

  it('refuses to delete what is in use, and names its users', async () => {
    const instance = await buildInstance(cp, place.applicationId, { flows: answeringFlow('x') });
    const snapshot = await cp.admin.call('createInstanceSnapshot', {
      params: { id: instance.id },
      body: { name: 'Used' },
    });
    await cp.admin.call('setInstanceTarget', {
      params: { id: instance.id },
      body: { snapshotId: snapshot.id },
    });

    const error = await cp.admin.refused('deleteSnapshot', 409, { params: { id: snapshot.id } });

    assert.equal(error.code, 'in_use');
    assert.match(error.message, new RegExp(instance.name));
    await cp.admin.refused('deleteApplication', 409, { params: { id: place.applicationId } });
  });
});
