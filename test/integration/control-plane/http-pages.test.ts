import assert from 'node:assert/strict';
import type { InstanceView } from '@flowyard/protocol';
import { WebSocket } from 'ws';
import { getFromInstance, requestInstance } from '../../support/api-client.ts';
import {
  answeringFlow,
  buildApplication,
  buildInstance,
  buildMember,
  instanceIn,
} from '../../support/builders.ts';
import { type ControlPlaneInProcess, startControlPlane } from '../../support/control-plane.ts';
import { BROWSER, openEditorOf, openPageOf } from '../../support/editor-session.ts';
import { eventually } from '../../support/eventually.ts';

const ECHO = 'msg.payload = JSON.stringify(msg.req.headers); return msg;';

describe('Access to the HTTP pages of an instance', function () {
  this.timeout(120_000);
  let cp: ControlPlaneInProcess;
  let place: { teamId: string; applicationId: string };
  let instance: InstanceView;

  before(async () => {
    cp = await startControlPlane();
    place = await buildApplication(cp);
    const flows = answeringFlow('open').map((node) =>
      node.id === 'function1' ? { ...node, func: ECHO } : node,
    );
    instance = await buildInstance(cp, place.applicationId, { flows });
    await cp.admin.call('controlInstance', { params: { id: instance.id }, body: { action: 'start' } });
    await instanceIn(cp, instance.id, 'running');
    await eventually(async () => (await ask()).status === 200, { withinMs: 20_000 });
  });
  after(() => cp?.stop());

  const set = (values: object) =>
    cp.admin.call('putInstanceSettings', { params: { id: instance.id }, body: { values } });
  const ask = (headers: Record<string, string> = {}, path = '/answer') =>
    getFromInstance(instance.url, path, headers);
  const basic = (user: string, password: string) => ({
    authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
  });
  const upgrade = (headers: Record<string, string> = {}) =>
    new Promise<number>((resolve) => {
      const { host, port } = new URL(instance.url);
      const socket = new WebSocket(`ws://127.0.0.1:${port}/some/socket`, { headers: { host, ...headers } });
      socket.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
      socket.on('error', () => resolve(0));
      socket.on('open', () => resolve(101));
    });

  it('is for everybody at first', async () => {
    await set({});

    assert.equal((await ask()).status, 200);
  });

  it('takes a user name and a password, which flows do not see', async () => {
    await set({ 'http.access': 'basic', 'http.basicUser': 'line', 'http.basicPassword': 'a good password' });

    const asked = await ask();
    assert.equal(asked.status, 401);
    assert.match(String(asked.headers['www-authenticate']), /^Basic realm="/);
    assert.equal((await ask(basic('line', 'a bad password'))).status, 401);
    assert.equal((await ask(basic('other', 'a good password'))).status, 401);
    assert.equal((await ask({ authorization: 'Basic !!!' })).status, 401);
    const passed = await ask(basic('line', 'a good password'));
    assert.equal(passed.status, 200);
    assert.ok(!passed.body.includes('authorization'));
    assert.equal(await upgrade(), 401);
  });

  it('stops who guesses the password', async () => {
    await set({ 'http.access': 'basic', 'http.basicUser': 'line', 'http.basicPassword': 'another password' });

    const answers = [];
    for (let attempt = 0; attempt < 12; attempt++) {
      answers.push((await ask(basic('line', `guess number ${attempt}`))).status);
    }
    assert.equal(answers.at(-1), 429);
  });

  it('takes HTTP tokens of this instance, until they expire or are revoked', async () => {
    await set({ 'http.access': 'tokens' });
    const params = { id: instance.id };
    const { id, token } = await cp.admin.call('createHttpToken', { params, body: { name: 'scada' } });
    const bearer = { authorization: `Bearer ${token}` };

    const asked = await ask();
    assert.equal(asked.status, 401);
    assert.match(String(asked.headers['www-authenticate']), /^Bearer/);
    const passed = await ask(bearer);
    assert.equal(passed.status, 200);
    assert.ok(!passed.body.includes(token));
    const { items } = await cp.admin.call('listHttpTokens', { params });
    assert.ok(items[0]?.lastUsedAt);
    assert.ok(!JSON.stringify(items).includes(token));
    assert.equal((await ask({ ...bearer }, '/flows')).status, 401);

    const other = await buildInstance(cp, place.applicationId);
    const foreign = await cp.admin.call('createHttpToken', { params: { id: other.id }, body: { name: 'x' } });
    assert.equal((await ask({ authorization: `Bearer ${foreign.token}` })).status, 401);
    const soon = await cp.admin.call('createHttpToken', {
      params,
      body: { name: 'short', expiresAt: new Date(Date.now() + 500).toISOString() },
    });
    await eventually(async () => (await ask({ authorization: `Bearer ${soon.token}` })).status === 401);
    await cp.admin.refused('createHttpToken', 422, {
      params,
      body: { name: 'x', expiresAt: '2020-01-01T00:00:00Z' },
    });
    await cp.admin.refused('deleteHttpToken', 404, { params: { id: other.id, tokenId: id } });
    await cp.admin.call('deleteHttpToken', { params: { ...params, tokenId: id } });
    assert.equal((await ask(bearer)).status, 401);
  });

  it('takes people who may open pages, by the same sign-in as for the editor', async () => {
    await set({ 'http.access': 'flowyard' });
    const dashboard = await buildMember(cp, place.teamId, 'dashboard');
    const stranger = await buildMember(cp, null);

    assert.equal((await ask()).status, 401);
    const cookie = await openPageOf(instance, '/answer', dashboard.client);
    assert.ok(cookie);
    const passed = await ask({ ...BROWSER, cookie });
    assert.equal(passed.status, 200);
    assert.ok(!passed.body.includes('flowyard_editor'));
    assert.equal((await ask({ cookie }, '/flows')).status, 401);
    assert.equal((await ask({ cookie, origin: 'https://evil.example' })).status, 401);
    assert.equal(await upgrade(), 401);
    assert.equal(await openPageOf(instance, '/answer', stranger.client), null);
    await cp.admin.call('removeMember', { params: { id: place.teamId, userId: dashboard.userId } });
    await eventually(async () => (await ask({ cookie })).status === 401);
  });

  it('is never needed by whoever has the editor open, and leaves the editor protected', async () => {
    const cookie = await openEditorOf(instance, cp.admin);
    for (const access of ['flowyard', 'tokens'] as const) {
      await set({ 'http.access': access });
      assert.equal((await ask({ cookie })).status, 200);
      assert.equal((await ask({ cookie }, '/flows')).status, 200);
      assert.equal((await ask({}, '/flows')).status, 401);
    }
    await set({});
    assert.equal((await ask({}, '/flows')).status, 401);
  });

  it('does not let anybody try the emergency sign-in from outside', async () => {
    await set({});
    for (const path of ['/auth/token', '/AUTH/token/']) {
      const answer = await requestInstance(instance.url, 'POST', path, {}, '');
      assert.equal(answer.status, 404);
    }
  });
});
