import assert from 'node:assert/strict';
import type { InstanceView } from '@flowyard/protocol';
import WebSocket from 'ws';
import { getFromInstance } from '../../support/api-client.ts';
import { buildApplication, buildInstance, buildMember, instanceIn } from '../../support/builders.ts';
import { type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';
import { openEditorOf } from '../../support/editor-session.ts';
import { eventually } from '../../support/eventually.ts';

/** The socket of an open editor, as its page opens it. */
async function openComms(instance: InstanceView, cookie: string): Promise<WebSocket> {
  const { host, port } = new URL(instance.url);
  const socket = new WebSocket(`ws://127.0.0.1:${port}/comms`, {
    headers: { host, cookie, origin: instance.url, 'sec-fetch-site': 'same-origin' },
  });
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  return socket;
}

describe('An open editor, when rights change', function () {
  this.timeout(120_000);
  let cp: RunningControlPlane;
  let place: { teamId: string; applicationId: string };
  let instance: InstanceView;
  before(async () => {
    cp = await startControlPlane();
    place = await buildApplication(cp);
    instance = await buildInstance(cp, place.applicationId, { start: true });
    await instanceIn(cp, instance.id, 'running');
  });
  after(() => cp?.stop());

  const flows = async (cookie: string) => (await getFromInstance(instance.url, '/flows', { cookie })).status;
  const isClosed = (socket: WebSocket) =>
    eventually(() => socket.readyState === WebSocket.CLOSED, { withinMs: 5000 });

  const changes: Array<[name: string, change: (userId: string) => Promise<unknown>]> = [
    [
      'their role in the team is too weak',
      (userId) =>
        cp.admin.call('updateMember', { params: { id: place.teamId, userId }, body: { role: 'dashboard' } }),
    ],
    [
      'the application is hidden from them',
      (userId) =>
        cp.admin.call('setApplicationRole', {
          params: { id: place.applicationId, userId },
          body: { role: 'none' },
        }),
    ],
    [
      'they are removed from the team',
      (userId) => cp.admin.call('removeMember', { params: { id: place.teamId, userId } }),
    ],
    [
      'they are suspended',
      (userId) => cp.admin.call('changeUser', { params: { id: userId }, body: { suspended: true } }),
    ],
  ];
  for (const [name, change] of changes) {
    it(`is cut off at once when ${name}, its socket too`, async () => {
      const person = await buildMember(cp, place.teamId, 'member');
      const other = await buildMember(cp, place.teamId, 'member');
      const cookie = await openEditorOf(instance, person.client);
      const otherCookie = await openEditorOf(instance, other.client);
      const [comms, otherComms] = [await openComms(instance, cookie), await openComms(instance, otherCookie)];
      assert.equal(await flows(cookie), 200);

      await change(person.userId);

      await isClosed(comms);
      assert.equal(await flows(cookie), 401);
      assert.equal(otherComms.readyState, WebSocket.OPEN);
      assert.equal(await flows(otherCookie), 200);
      otherComms.terminate();
    });
  }

  it('does not come back by itself when the role does', async () => {
    const person = await buildMember(cp, place.teamId, 'member');
    const cookie = await openEditorOf(instance, person.client);
    const role = (next: string) =>
      cp.admin.call('updateMember', {
        params: { id: place.teamId, userId: person.userId },
        body: { role: next },
      });
    const comms = await openComms(instance, cookie);
    assert.equal(await flows(cookie), 200);
    await role('dashboard');
    await isClosed(comms);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await role('member');

    assert.equal(await flows(cookie), 401);
    assert.equal(await flows(await openEditorOf(instance, person.client)), 200);
  });

  it('connects again in the new role when that still allows the editor', async () => {
    const person = await buildMember(cp, place.teamId, 'member');
    const cookie = await openEditorOf(instance, person.client);
    const comms = await openComms(instance, cookie);

    await cp.admin.call('updateMember', {
      params: { id: place.teamId, userId: person.userId },
      body: { role: 'viewer' },
    });

    await isClosed(comms);
    assert.equal(await flows(cookie), 200);
    (await openComms(instance, cookie)).terminate();
  });
});
