import assert from 'node:assert/strict';
import { AgentClient } from '../../support/agent-client.ts';
import {
  answeringFlow,
  buildApplication,
  buildInstance,
  buildMember,
  deploy,
  uniqueName,
} from '../../support/builders.ts';
import { type ControlPlaneInProcess, startControlPlane } from '../../support/control-plane.ts';
import { eventually } from '../../support/eventually.ts';

describe('A dry run of a push', function () {
  this.timeout(60_000);
  let cp: ControlPlaneInProcess;
  let teamId: string;
  let applicationId: string;
  let source: string;

  before(async () => {
    cp = await startControlPlane();
  });
  after(() => cp?.stop());
  beforeEach(async () => {
    ({ teamId, applicationId } = await buildApplication(cp));
    source = (await buildInstance(cp, applicationId, { flows: answeringFlow('new') })).id;
  });

  /** A pipeline from the source to a target; gives its stages. */
  const lead = async (target: object, more: object = {}) => {
    const { id } = await cp.admin.call('createPipeline', {
      params: { id: applicationId },
      body: { name: uniqueName('pipeline') },
    });
    const params = { id };
    await cp.admin.call('createStage', { params, body: { name: 'from', instanceId: source } });
    const body = { name: 'to', ...target, ...more } as { name: string; instanceId: string };
    const { stages } = await cp.admin.call('createStage', { params, body });
    return { from: stages[0]?.id ?? '', to: stages[1]?.id ?? '' };
  };
  const dryRun = (id: string, client = cp.admin) => client.call('dryRunStage', { params: { id } });
  const setVariables = (id: string, items: Array<{ name: string; value: string; secret: boolean }>) =>
    cp.admin.call('setInstanceVariables', { params: { id }, body: { items } });

  it('names the nodes that differ at the target, and takes no snapshot', async () => {
    const target = await buildInstance(cp, applicationId, { flows: answeringFlow('old') });
    const { from } = await lead({ instanceId: target.id });

    const run = await dryRun(from);

    assert.equal(run.snapshot, null);
    assert.equal(run.current?.name, target.name);
    assert.deepEqual(run.comparison.flows.counts, { added: 0, removed: 0, changed: 1, moved: 0 });
    assert.deepEqual(run.refusals, []);
    const { total } = await cp.admin.call('listInstanceSnapshots', { params: { id: source } });
    assert.equal(total, 0);
  });

  it('says that nothing differs once it was pushed', async () => {
    const target = await buildInstance(cp, applicationId);
    const { from } = await lead({ instanceId: target.id });
    const { deployment } = await cp.admin.call('deployStage', { params: { id: from }, body: {} });
    await eventually(
      async () =>
        (await cp.admin.call('getDeployment', { params: { id: deployment.id } })).finishedAt !== null,
      { withinMs: 30_000 },
    );

    const run = await dryRun(from);

    assert.equal(run.comparison.same, true);
    assert.deepEqual(run.effects, { nothing: 1, flows: 0, restart: 0, install: 0, later: 0 });
  });

  it('never shows values: those of the source do not move', async () => {
    const target = await buildInstance(cp, applicationId);
    await setVariables(source, [
      { name: 'BROKER', value: 'mqtt://development', secret: false },
      { name: 'PASSWORD', value: 'only in development', secret: true },
      { name: 'SHIFT', value: 'early', secret: false },
    ]);
    await setVariables(target.id, [{ name: 'SHIFT', value: 'late', secret: false }]);
    const { from } = await lead({ instanceId: target.id });

    const run = await dryRun(from);

    assert.deepEqual(run.missingVariables, ['BROKER', 'PASSWORD']);
    assert.deepEqual(
      run.comparison.variables.map(({ name, change }) => `${change} ${name}`),
      ['added BROKER', 'added PASSWORD'],
    );
    assert.ok(!JSON.stringify(run).includes('development'));
  });

  it('counts a variable as there that comes from further up', async () => {
    const target = await buildInstance(cp, applicationId);
    const items = [{ name: 'PLANT', value: 'north', secret: false }];
    await setVariables(source, items);
    await cp.admin.call('setApplicationVariables', { params: { id: applicationId }, body: { items } });
    const { from } = await lead({ instanceId: target.id });

    assert.deepEqual((await dryRun(from)).missingVariables, []);
  });

  it('tells what a stage is that refuses while variables are missing, and the push is refused', async () => {
    const target = await buildInstance(cp, applicationId);
    await setVariables(source, [{ name: 'BROKER', value: 'x', secret: false }]);
    const { from } = await lead({ instanceId: target.id }, { missingVariables: 'refuse' });

    const [refusal] = (await dryRun(from)).refusals;

    assert.equal(refusal?.code, 'missing_variables');
    assert.match(refusal?.message ?? '', /BROKER/);
    const { code } = await cp.admin.refused('deployStage', 409, { params: { id: from }, body: {} });
    assert.equal(code, 'missing_variables');
    const { total } = await cp.admin.call('listInstanceSnapshots', { params: { id: source } });
    assert.equal(total, 0);
  });

  it('counts variables that went missing when a push is made again', async () => {
    const target = await buildInstance(cp, applicationId);
    const items = [{ name: 'BROKER', value: 'x', secret: false }];
    await setVariables(source, items);
    await setVariables(target.id, items);
    const { from } = await lead({ instanceId: target.id }, { missingVariables: 'refuse' });
    const { deployment } = await cp.admin.call('deployStage', { params: { id: from }, body: {} });
    const params = { id: deployment.id };
    await eventually(async () => (await cp.admin.call('getDeployment', { params })).finishedAt !== null, {
      withinMs: 30_000,
    });
    await setVariables(target.id, []);

    const body = { action: 'again', targets: 'all' } as const;
    const { code } = await cp.admin.refused('controlDeployment', 409, { params, body });

    assert.equal(code, 'missing_variables');
  });

  it('says of each device what it would do', async () => {
    const online = await cp.admin.call('createDevice', {
      params: { id: teamId },
      body: { name: 'a-online', applicationId },
    });
    const offline = await cp.admin.call('createDevice', {
      params: { id: teamId },
      body: { name: 'b-offline', applicationId },
    });
    const group = await cp.admin.call('createDeviceGroup', {
      params: { id: applicationId },
      body: { name: uniqueName('group') },
    });
    await cp.admin.call('updateDeviceGroupMembers', {
      params: { id: group.id },
      body: { add: [online.id, offline.id] },
    });
    const running = await cp.admin.call('createInstanceSnapshot', {
      params: { id: source },
      body: { name: 'Before' },
    });
    await deploy(cp, source, answeringFlow('newer'));
    const agent = await AgentClient.connect(cp.url, online.credentials.token);
    agent.hello({ current: { state: 'running', snapshotId: running.id } });
    await eventually(
      async () =>
        (await cp.admin.call('getDevice', { params: { id: online.id } })).runningSnapshot?.id === running.id,
    );
    const { from } = await lead({ deviceGroupId: group.id });

    const run = await dryRun(from);

    assert.deepEqual(
      run.targets.map(({ name, effect }) => `${name} ${effect}`),
      ['a-online flows', 'b-offline later'],
    );
    assert.equal(run.current, null);
    agent.close();
  });

  it('tells who may not push why, and shows nothing of what one may not see', async () => {
    const other = await cp.admin.call('createApplication', {
      params: { id: teamId },
      body: { name: uniqueName('application') },
    });
    const target = await buildInstance(cp, other.id);
    const { from } = await lead({ instanceId: target.id }, { pushers: 'owners' });
    const member = await buildMember(cp, teamId, 'member');
    const viewer = await buildMember(cp, teamId, 'viewer');

    assert.match((await dryRun(from, member.client)).refusals[0]?.message ?? '', /only owners/);
    assert.equal((await dryRun(from, viewer.client)).refusals[0]?.code, 'forbidden');
    await cp.admin.call('setApplicationRole', {
      params: { id: other.id, userId: member.userId },
      body: { role: 'none' },
    });
    await member.client.refused('dryRunStage', 403, { params: { id: from } });
  });
});
