import assert from 'node:assert/strict';
import { CLOSE, type InstanceView, type LiveMessage, type TeamOverview } from '@flowyard/protocol';
import { buildApplication, buildInstance, buildMember } from '../../support/builders.ts';
import { ADMIN_PASSWORD, type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';
import { eventually } from '../../support/eventually.ts';
import { LiveClient } from '../../support/live-client.ts';

const isValue = (topic: string) => (message: LiveMessage) =>
  message.type === 'value' && message.topic === topic;

describe('Live updates', () => {
  let cp: RunningControlPlane;
  let place: { teamId: string; applicationId: string };
  const open: LiveClient[] = [];

  before(async () => {
    cp = await startControlPlane();
    place = await buildApplication(cp);
  });
  afterEach(() => {
    for (const client of open.splice(0)) {
      client.close();
    }
  });
  after(() => cp?.stop());

  async function connect(cookie: string | undefined): Promise<LiveClient> {
    const client = await LiveClient.connect(cp.url, { cookie: cookie ?? '' });
    open.push(client);
    return client;
  }

  it('give the value of a topic at once and again when it changes', async () => {
    const instance = await buildInstance(cp, place.applicationId);
    const topic = `instance/${instance.id}`;
    const reader = await connect(cp.admin.cookie);

    reader.subscribe(topic);
    await reader.waitFor(isValue(topic));
    await cp.admin.call('updateInstance', { params: { id: instance.id }, body: { description: 'Changed' } });

    await reader.waitFor(
      (message) => message.type === 'value' && (message.value as InstanceView).description === 'Changed',
    );
  });

  it('say which entity changed inside a team and an application, and when it is gone', async () => {
    const reader = await connect(cp.admin.cookie);
    reader.subscribe(`application/${place.applicationId}`);
    reader.subscribe(`team/${place.teamId}`);
    await reader.waitFor(isValue(`team/${place.teamId}`));

    const instance = await buildInstance(cp, place.applicationId);
    await reader.waitFor(
      (message) =>
        message.type === 'change' && message.id === instance.id && message.topic.startsWith('team/'),
    );
    await cp.admin.call('deleteInstance', { params: { id: instance.id } });

    await reader.waitFor(
      (message) =>
        message.type === 'change' &&
        message.id === instance.id &&
        message.value === null &&
        message.topic.startsWith('application/'),
    );
  });

  it('keep the overview of a team up to date', async () => {
    const reader = await connect(cp.admin.cookie);
    reader.subscribe(`team/${place.teamId}`);
    const first = (await reader.waitFor(isValue(`team/${place.teamId}`))) as { value: TeamOverview };

    await buildInstance(cp, place.applicationId);

    const count = (overview: TeamOverview) =>
      Object.values(overview.instances).reduce((sum, n) => sum + n, 0);
    await reader.waitFor(
      (message) =>
        isValue(`team/${place.teamId}`)(message) &&
        count((message as { value: TeamOverview }).value) > count(first.value),
    );
  });

  it('refuse topics that one may not see, and end when the right is taken away', async () => {
    const { client, userId } = await buildMember(cp, place.teamId, 'viewer');
    const stranger = await buildMember(cp, null);
    const topic = `team/${place.teamId}`;
    const outside = await connect(stranger.client.cookie);
    const inside = await connect(client.cookie);

    outside.subscribe(topic);
    await outside.waitFor((message) => message.type === 'error' && message.error.code === 'not_found');
    inside.subscribe(topic);
    await inside.waitFor(isValue(topic));
    await cp.admin.call('removeMember', { params: { id: place.teamId, userId } });

    await inside.waitFor((message) => message.type === 'error' && message.topic === topic);
  });

  it('hide an application whose role is none from a reader of its team', async () => {
    const { client, userId } = await buildMember(cp, place.teamId, 'viewer');
    const hidden = await cp.admin.call('createApplication', {
      params: { id: place.teamId },
      body: { name: 'Hidden' },
    });
    await cp.admin.call('setApplicationRole', { params: { id: hidden.id, userId }, body: { role: 'none' } });
    const reader = await connect(client.cookie);
    reader.subscribe(`team/${place.teamId}`);
    await reader.waitFor(isValue(`team/${place.teamId}`));

    const secret = await buildInstance(cp, hidden.id);
    const seen = await buildInstance(cp, place.applicationId);
    await reader.waitFor((message) => message.type === 'change' && message.id === seen.id);

    assert.ok(!JSON.stringify(reader.messages).includes(secret.id));
  });

  it("are refused without a session, and to pages of instances that use a person's cookie", async () => {
    await assert.rejects(LiveClient.connect(cp.url, {}), /401/);
    const { port } = new URL(cp.url);
    await assert.rejects(
      LiveClient.connect(cp.url, { cookie: cp.admin.cookie ?? '', origin: `http://evil.localhost:${port}` }),
      /403/,
    );
  });

  it('close on what is not of the protocol', async () => {
    const reader = await connect(cp.admin.cookie);

    reader.sendRaw('{"type":"subscribe","topic":"everything"}');

    await eventually(() => reader.closeCode === 4400);
  });

  it('end for whoever signs out, and only for that session', async () => {
    const { client, username } = await buildMember(cp, place.teamId, 'viewer');
    const elsewhere = cp.visitor();
    await elsewhere.signIn(username, ADMIN_PASSWORD);
    const topic = `team/${place.teamId}`;
    const [leaving, staying] = await Promise.all([connect(client.cookie), connect(elsewhere.cookie)]);
    for (const reader of [leaving, staying]) {
      reader.subscribe(topic);
      await reader.waitFor(isValue(topic));
    }

    await client.call('signOut', {});

    await eventually(() => leaving.closeCode === CLOSE.unauthorized);
    assert.equal(staying.closeCode, undefined);
  });
});
