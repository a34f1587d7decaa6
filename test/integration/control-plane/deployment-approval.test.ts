import assert from 'node:assert/strict';
import type { ApiClient } from '../../support/api-client.ts';
import { answeringFlow, buildApplication, buildInstance, buildMember } from '../../support/builders.ts';
import { type ControlPlaneInProcess, startControlPlane } from '../../support/control-plane.ts';
import { eventually } from '../../support/eventually.ts';

type Person = Awaited<ReturnType<typeof buildMember>>;

describe('A push that a second person must approve', function () {
  this.timeout(60_000);
  let cp: ControlPlaneInProcess;
  let stageId: string;
  let toStageId: string;
  let targetId: string;
  let ada: Person;
  let ben: Person;

  before(async () => {
    cp = await startControlPlane();
  });
  after(() => cp?.stop());
  beforeEach(async () => {
    const { teamId, applicationId } = await buildApplication(cp);
    [ada, ben] = [await buildMember(cp, teamId, 'member'), await buildMember(cp, teamId, 'member')];
    const source = await buildInstance(cp, applicationId, { flows: answeringFlow('new') });
    targetId = (await buildInstance(cp, applicationId)).id;
    const { id } = await cp.admin.call('createPipeline', {
      params: { id: applicationId },
      body: { name: 'Release' },
    });
    const params = { id };
    const { stages } = await cp.admin.call('createStage', {
      params,
      body: { name: 'from', instanceId: source.id },
    });
    stageId = stages[0]?.id ?? '';
    const { stages: both } = await cp.admin.call('createStage', {
      params,
      body: { name: 'to', instanceId: targetId, approval: true },
    });
    toStageId = both[1]?.id ?? '';
  });

  const push = async (client: ApiClient) =>
    (await client.call('deployStage', { params: { id: stageId }, body: {} })).deployment;
  const decide = (client: ApiClient, id: string, approve: boolean, reason?: string) =>
    client.call('decideDeployment', { params: { id }, body: { approve, ...(reason && { reason }) } });
  const flowsOfTarget = async () =>
    (await cp.admin.call('getFlows', { params: { id: targetId } })).flows.length;

  it('waits, tells people, and begins once somebody else approves', async () => {
    const { id, state } = await push(ada.client);
    assert.equal(state, 'planned');
    const { items } = await ben.client.call('listNotifications', {});
    assert.ok(items.some(({ kind, subject }) => kind === 'deployment.approval' && subject.id === id));
    assert.equal(await flowsOfTarget(), 0);

    const { approval } = await decide(ben.client, id, true);

    assert.equal(approval?.name, ben.username);
    await eventually(
      async () =>
        (await cp.admin.call('getDeployment', { params: { id } })).finishedAt !== null &&
        (await flowsOfTarget()) > 0,
      { withinMs: 30_000 },
    );
  });

  it('is not approved by whoever asked for it, nor by who may not push there', async () => {
    const { id } = await push(ada.client);

    await ada.client.refused('decideDeployment', 403, { params: { id }, body: { approve: true } });
    await cp.admin.call('updateStage', {
      params: { id: toStageId },
      body: { pushers: 'owners' },
    });
    await ben.client.refused('decideDeployment', 403, { params: { id }, body: { approve: true } });

    assert.equal((await cp.admin.call('getDeployment', { params: { id } })).state, 'planned');
    await decide(cp.admin, id, false);
  });

  it('ends when it is declined, with the reason, and changes nothing', async () => {
    const { id } = await push(ada.client);

    const declined = await decide(ben.client, id, false, 'Not during the shift');

    assert.equal(declined.state, 'aborted');
    assert.equal(declined.message, `Declined by ${ben.username}: Not during the shift`);
    assert.equal(await flowsOfTarget(), 0);
    await ben.client.refused('decideDeployment', 409, { params: { id }, body: { approve: true } });
  });

  it('is decided once by two who decide at the same time', async () => {
    const { id } = await push(ada.client);

    const answers = await Promise.allSettled([decide(ben.client, id, true), decide(cp.admin, id, false)]);

    assert.equal(answers.filter(({ status }) => status === 'fulfilled').length, 1);
  });

  it('keeps others from pushing there, who are told who asked for what', async () => {
    const { id } = await push(ada.client);

    const { code, message } = await ben.client.refused('deployStage', 409, {
      params: { id: stageId },
      body: {},
    });

    assert.equal(code, 'deployment_running');
    assert.ok(message.startsWith(`${ada.username} is pushing “Push to to”`));
    await ada.client.call('controlDeployment', { params: { id }, body: { action: 'abort' } });
    await push(ben.client);
  });
});
