import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import type { FlowNode, NotificationView } from '@flowyard/protocol';
import type { ApiClient } from '../../support/api-client.ts';
import { buildApplication, buildInstance, buildMember, instanceIn } from '../../support/builders.ts';
import { type ControlPlaneInProcess, startControlPlane } from '../../support/control-plane.ts';
import { eventually } from '../../support/eventually.ts';
import { LiveClient } from '../../support/live-client.ts';
import { type MailServer, startMailServer } from '../../support/mail-server.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../../support/webhook-receiver.ts';

/** Ends Node-RED by a rejection that nobody handles, every time that it starts. */
const CRASHING: FlowNode[] = [
  { id: 'tab1', type: 'tab', label: 'Crashing' },
  {
    id: 'inject1',
    type: 'inject',
    z: 'tab1',
    once: true,
    onceDelay: 0.1,
    wires: [['function1']],
    x: 100,
    y: 80,
  },
  {
    id: 'function1',
    type: 'function',
    z: 'tab1',
    func: 'Promise.reject(new Error("valve stuck"));',
    outputs: 0,
    wires: [],
    x: 260,
    y: 80,
  },
];

describe('Notifications', function () {
  this.timeout(120_000);
  let cp: ControlPlaneInProcess;
  let mail: MailServer;
  let receiver: WebhookReceiver;
  let teamId: string;
  let applicationId: string;
  let owner: ApiClient;
  let hook: { id: string; secret: string };

  const list = async (client: ApiClient): Promise<NotificationView[]> =>
    (await client.call('listNotifications')).items;
  const person = async (role: 'owner' | 'member' | 'viewer' | 'dashboard') => {
    const member = await buildMember(cp, teamId, role);
    const email = `${member.username}@plant.example`;
    await cp.admin.call('changeUser', { params: { id: member.userId }, body: { email } });
    return { ...member, email };
  };

  before(async () => {
    mail = await startMailServer();
    receiver = await startWebhookReceiver();
    cp = await startControlPlane({
      config: { mail: { url: mail.url, from: 'Flowyard <yard@plant.example>' }, webhookTargets: 'any' },
    });
    ({ teamId, applicationId } = await buildApplication(cp));
    ({ client: owner } = await person('owner'));
    const { webhook, secret } = await owner.call('createWebhook', {
      params: { id: teamId },
      body: { name: 'Control room', url: receiver.url, kinds: ['instance.crashed'] },
    });
    hook = { id: webhook.id, secret };
  });
  after(async () => {
    await cp?.stop();
    await receiver?.stop();
    await mail?.stop();
  });

  describe('of an instance that crashes again and again', () => {
    let instanceId: string;
    let viewer: Awaited<ReturnType<typeof person>>;
    let wantsMail: Awaited<ReturnType<typeof person>>;
    let dashboard: Awaited<ReturnType<typeof person>>;
    let shutOut: Awaited<ReturnType<typeof person>>;
    let live: LiveClient;

    before(async () => {
      viewer = await person('viewer');
      wantsMail = await person('member');
      dashboard = await person('dashboard');
      shutOut = await person('member');
      await cp.admin.call('setApplicationRole', {
        params: { id: applicationId, userId: shutOut.userId },
        body: { role: 'none' },
      });
      await wantsMail.client.call('setNotificationSettings', {
        body: { email: { 'instance.crashed': true } },
      });
      live = await LiveClient.connect(cp.url, viewer.client.authentication);
      live.subscribe('notifications');
      const instance = await buildInstance(cp, applicationId, { flows: CRASHING, start: true });
      instanceId = instance.id;
      await eventually(async () => (await list(owner))[0]?.count === 2, { withinMs: 60_000 });
      await cp.admin.call('controlInstance', { params: { id: instanceId }, body: { action: 'stop' } });
      await instanceIn(cp, instanceId, 'stopped');
    });
    after(() => live?.close());

    it('are one notification with a count and the reason', async () => {
      const [crashed, ...others] = await list(owner);

      assert.deepEqual(others, []);
      assert.equal(crashed?.kind, 'instance.crashed');
      assert.equal(crashed.severity, 'error');
      assert.equal(crashed.subject.id, instanceId);
      assert.match(crashed.text, /valve stuck/);
      assert.equal(crashed.read, false);
    });

    it('are over once the instance was stopped on purpose', async () => {
      await eventually(async () => (await list(owner))[0]?.resolvedAt !== null);
    });

    it('are told live, and to whoever may read instances there, and to nobody else', async () => {
      await live.waitFor(
        (message) =>
          message.type === 'value' &&
          message.topic === 'notifications' &&
          (message.value as { unread: number }).unread === 1,
      );
      assert.equal((await list(viewer.client)).length, 1);
      assert.deepEqual(await list(dashboard.client), []);
      assert.deepEqual(await list(shutOut.client), []);
      assert.equal((await shutOut.client.call('getNotificationSummary')).unread, 0);
    });

    it('go once by e-mail to owners and to whoever asked for it', async () => {
      await mail.mailTo(wantsMail.email, 'valve stuck');
      const to = mail.mails.flatMap((letter) => letter.to);

      assert.equal(to.filter((address) => address === wantsMail.email).length, 1);
      assert.equal(to.filter((address) => address.startsWith('owner')).length, 1);
      assert.ok(!to.includes(viewer.email) && !to.includes(shutOut.email) && !to.includes(dashboard.email));
    });

    it('go to the webhook of the team, signed with its secret', async () => {
      const { headers, body } = await receiver.message('instance.crashed');

      const [, time, signature] =
        /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['x-flowyard-signature'])) ?? [];
      assert.equal(createHmac('sha256', hook.secret).update(`${time}.${body}`).digest('hex'), signature);
      const message = JSON.parse(body);
      assert.equal(message.subject.id, instanceId);
      assert.equal(message.url, `${cp.url}/instances/${instanceId}`);
      assert.equal(receiver.messages.length, 1);
    });

    it('are read by one person without being read by the others', async () => {
      const [notification] = await list(viewer.client);

      const { unread } = await viewer.client.call('readNotifications', { body: { upTo: notification?.id } });

      assert.equal(unread, 0);
      assert.equal((await list(viewer.client))[0]?.read, true);
      assert.equal((await list(owner))[0]?.read, false);
      const onlyUnread = await viewer.client.call('listNotifications', { query: { unread: 'true' } });
      assert.deepEqual([onlyUnread.items, onlyUnread.total], [[], 0]);
    });

    it('of somebody else cannot be marked as read by naming them', async () => {
      const [notification] = await list(owner);

      await shutOut.client.call('readNotifications', { body: { ids: [notification?.id] } });

      const restored = await cp.admin.send(
        'DELETE',
        `/applications/${applicationId}/roles/${shutOut.userId}`,
      );
      assert.equal(restored.status, 204);
      assert.equal((await list(shutOut.client))[0]?.read, false);
    });
  });

  describe('to a webhook', () => {
    const hookParams = () => ({ params: { id: teamId, webhookId: hook.id } });
    const newest = async () => (await owner.call('listWebhookDeliveries', hookParams())).items[0];

    it('can be tried with a test message', async () => {
      await owner.call('testWebhook', hookParams());

      const { body } = await receiver.message('test');
      assert.equal(JSON.parse(body).subject.name, 'Control room');
      await eventually(async () => (await newest())?.state === 'delivered');
    });

    it('that answers with an error or leads elsewhere are shown as not delivered, and tried again', async () => {
      for (const status of [500, 302]) {
        receiver.answerWith(status);
        await owner.call('testWebhook', hookParams());
        const waiting = await eventually(async () => {
          const delivery = await newest();
          return delivery?.error?.includes(String(status)) && delivery;
        });
        assert.equal(waiting.state, 'waiting');
        assert.ok(waiting.nextAt);
      }
    });

    it('that answers 410 are given up', async () => {
      receiver.answerWith(410);
      await owner.call('testWebhook', hookParams());

      await eventually(async () => (await newest())?.state === 'failed');
      receiver.answerWith(204);
    });

    it('are seen and changed by owners only, and never show the secret again', async () => {
      const member = await person('member');
      await member.client.refused('listWebhooks', 403, { params: { id: teamId } });
      const shown = await owner.call('listWebhooks', { params: { id: teamId } });
      assert.equal(JSON.stringify(shown).includes(hook.secret), false);
      assert.equal(shown.items[0]?.lastDelivery?.state, 'failed');

      const off = await owner.call('updateWebhook', { ...hookParams(), body: { active: false } });

      assert.equal(off.active, false);
      await owner.refused('testWebhook', 409, hookParams());
    });

    it('of another team do not exist', async () => {
      const other = await buildApplication(cp);
      const stranger = await buildMember(cp, other.teamId, 'owner');
      await stranger.client.refused('updateWebhook', 404, {
        params: { id: other.teamId, webhookId: hook.id },
        body: { active: true },
      });
      await stranger.client.refused('deleteWebhook', 404, { params: { id: teamId, webhookId: hook.id } });
    });

    it('are refused with the field named when they make no sense', async () => {
      const good = { name: 'x', url: receiver.url, kinds: ['instance.safe'] };
      for (const [field, value] of [
        ['url', 'ftp://plant.example/'],
        ['url', 'javascript:alert(1)'],
        ['url', 'http://user:secret@plant.example/'],
        ['url', `http://plant.example/${'x'.repeat(2000)}`],
        ['kinds', []],
        ['kinds', ['invitation.received']],
        ['name', '\u0000'],
      ] as const) {
        const error = await owner.refused('createWebhook', 422, {
          params: { id: teamId },
          body: { ...good, [field]: value },
        });
        const [first] = (error.details?.fields ?? []) as Array<{ field: string }>;
        assert.match(first?.field ?? '', new RegExp(`^${field}`), String(value).slice(0, 50));
      }
    });
  });

  it('settings refuse kinds that there are not', async () => {
    for (const email of [{ 'no.such': true }, { 'instance.safe': 'yes' }]) {
      await owner.refused('setNotificationSettings', 422, { body: { email } });
    }
    await owner.call('setNotificationSettings', { body: '{"email":{"__proto__":true}}' });
    assert.deepEqual((await owner.call('getNotificationSettings')).email, {});
  });
});
