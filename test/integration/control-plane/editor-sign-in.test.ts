import assert from 'node:assert/strict';
import type { InstanceView } from '@flowyard/protocol';
import { getFromInstance } from '../../support/api-client.ts';
import {
  answeringFlow,
  buildApplication,
  buildInstance,
  buildMember,
  instanceIn,
} from '../../support/builders.ts';
import { type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';
import { BROWSER, cookieOf, openEditorOf, postToEditor } from '../../support/editor-session.ts';
import { eventually } from '../../support/eventually.ts';

async function askEditor(instance: InstanceView, path: string, cookie: string) {
  const { status, body } = await getFromInstance(instance.url, path, { cookie });
  return { status, json: status === 200 ? JSON.parse(body) : null };
}

async function deployInEditor(
  instance: InstanceView,
  cookie: string,
  flows: unknown,
  rev?: string,
): Promise<number> {
  return (await postToEditor(instance, cookie, '/flows', { flows, ...(rev && { rev }) })).status;
}

describe('Signing in to an editor', () => {
  let cp: RunningControlPlane;
  let place: { teamId: string; applicationId: string };
  let instance: InstanceView;

  before(async () => {
    cp = await startControlPlane();
    place = await buildApplication(cp);
    instance = await buildInstance(cp, place.applicationId, {
      start: true,
      flows: answeringFlow('open to all'),
    });
    await instanceIn(cp, instance.id, 'running');
  });
  after(() => cp?.stop());

  it('sends whoever is not signed in to the sign-in page, and back to the editor afterwards', async () => {
    const { headers } = await getFromInstance(instance.url, '/', BROWSER);
    const authorize = await fetch(String(headers.location), { redirect: 'manual', headers: BROWSER });

    assert.equal(authorize.status, 302);
    assert.match(
      authorize.headers.get('location') ?? '',
      /^\/sign-in\?continue=%2Fapi%2Fv1%2Foauth%2Fauthorize/,
    );
  });

  it('needs no sign-in for the HTTP routes of flows, and refuses the editor API', async () => {
    assert.equal((await getFromInstance(instance.url, '/answer')).body, 'open to all');
    assert.equal((await getFromInstance(instance.url, '/flows')).status, 401);
  });

  it('takes nobody for somebody who sends the identity header by themselves', async () => {
    const forged = Buffer.from(JSON.stringify({ userId: 'x', role: 'owner' })).toString('base64url');

    const { status } = await getFromInstance(instance.url, '/flows', {
      'x-flowyard-identity': `${forged}.AAAA`,
    });

    assert.equal(status, 401);
  });

  it('tells Node-RED who it is, and the audit log who deployed', async () => {
    const { client, username } = await buildMember(cp, place.teamId, 'member');
    const cookie = await openEditorOf(instance, client);
    const { json } = await askEditor(instance, '/settings', cookie);
    assert.equal(json.user.username, username);

    const status = await deployInEditor(instance, cookie, answeringFlow('deployed in the editor'));

    assert.ok(status === 200 || status === 204, `deploy answered ${status}`);
    const stored = await cp.admin.call('getFlows', { params: { id: instance.id } });
    assert.deepEqual(stored.flows, answeringFlow('deployed in the editor'));
    const { items } = await cp.admin.call('listInstanceAudit', { params: { id: instance.id } });
    const entry = items.find(({ event, actor }) => event === 'flows.deployed' && actor.name === username);
    assert.equal(entry?.via, 'editor');
  });

  it('lets a viewer look and not deploy', async () => {
    const { client } = await buildMember(cp, place.teamId, 'viewer');
    const cookie = await openEditorOf(instance, client);

    const { json } = await askEditor(instance, '/settings', cookie);

    assert.equal(json.user.permissions, 'read');
    const stored = await cp.admin.call('getFlows', { params: { id: instance.id } });
    assert.equal(await deployInEditor(instance, cookie, []), 401);
    assert.deepEqual(await cp.admin.call('getFlows', { params: { id: instance.id } }), stored);
  });

  it('refuses a deploy from an editor that did not see what was deployed from elsewhere', async () => {
    const { client } = await buildMember(cp, place.teamId, 'member');
    const cookie = await openEditorOf(instance, client);
    const { rev } = (await getFlowsV2(instance, cookie)) as { rev: string };
    const { revision } = await cp.admin.call('getFlows', { params: { id: instance.id } });
    await cp.admin.call('putFlows', {
      params: { id: instance.id },
      body: { revision, flows: answeringFlow('from the API') },
    });
    await eventually(async () => (await getFromInstance(instance.url, '/answer')).body === 'from the API');

    const status = await deployInEditor(instance, cookie, answeringFlow('too late'), rev);

    assert.equal(status, 409);
    assert.equal((await getFromInstance(instance.url, '/answer')).body, 'from the API');
  });

  it('ends with the session, and at once when the role is taken away', async () => {
    const { client, userId } = await buildMember(cp, place.teamId, 'member');
    const cookie = await openEditorOf(instance, client);
    assert.equal((await askEditor(instance, '/flows', cookie)).status, 200);

    await cp.admin.call('removeMember', { params: { id: place.teamId, userId } });
    assert.equal((await askEditor(instance, '/flows', cookie)).status, 401);

    await cp.admin.call('addMember', {
      params: { id: place.teamId },
      body: { username: (await client.call('getUser')).username, role: 'member' },
    });
    const again = await openEditorOf(instance, client);
    await client.call('signOut');
    assert.equal((await askEditor(instance, '/flows', again)).status, 401);
  });

  it('gives a code to nobody from another team', async () => {
    const { client } = await buildMember(cp, null);
    const { headers } = await getFromInstance(instance.url, '/', BROWSER);

    const authorize = await fetch(String(headers.location), {
      redirect: 'manual',
      headers: { cookie: client.cookie ?? '' },
    });

    assert.match(authorize.headers.get('location') ?? '', /^\/no-access/);
  });

  it('takes a code once, and only with its verifier', async () => {
    const first = await getFromInstance(instance.url, '/', BROWSER);
    const authorize = await fetch(String(first.headers.location), {
      redirect: 'manual',
      headers: { cookie: cp.admin.cookie ?? '' },
    });
    const callback = new URL(authorize.headers.get('location') ?? '');
    const path = callback.pathname + callback.search;
    const cookie = cookieOf(first.headers);

    const stolen = await getFromInstance(instance.url, path, BROWSER);
    const used = await getFromInstance(instance.url, path, { ...BROWSER, cookie });
    const again = await getFromInstance(instance.url, path, { ...BROWSER, cookie });

    assert.notEqual(stolen.status, 302);
    assert.equal(used.status, 302);
    assert.notEqual(again.status, 302);
  });
});

async function getFlowsV2(instance: InstanceView, cookie: string): Promise<unknown> {
  const { body } = await getFromInstance(instance.url, '/flows', { cookie, 'node-red-api-version': 'v2' });
  return JSON.parse(body);
}
