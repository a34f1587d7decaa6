import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get } from 'node:http';
import { Duplex } from 'node:stream';
import { type AgentCommand, TUNNEL_TOKEN_HEADER } from '@flowyard/protocol';
import { createWebSocketStream, WebSocket } from 'ws';
import { AgentClient } from '../../support/agent-client.ts';
import { getFromInstance } from '../../support/api-client.ts';
import { buildApplication, buildMember, uniqueName } from '../../support/builders.ts';
import { type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';
import { BROWSER, openEditorOf } from '../../support/editor-session.ts';
import { eventually } from '../../support/eventually.ts';

type OpenTunnel = Extract<AgentCommand, { type: 'open-tunnel' }>;

const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';
const DEVELOPER = { state: 'running', mode: 'developer' } as const;

describe('Tunnels to devices', function () {
  this.timeout(20_000);
  let cp: RunningControlPlane;
  let teamId: string;
  const agents: AgentClient[] = [];

  before(async () => {
    cp = await startControlPlane();
    ({ teamId } = await buildApplication(cp));
  });
  afterEach(() => {
    for (const agent of agents.splice(0)) {
      agent.close();
    }
  });
  after(() => cp?.stop());

  /** A device in developer mode whose agent is played by the test. */
  async function buildDevice(capabilities: string[] = ['tunnel', 'snapshot']) {
    const { id, credentials } = await cp.admin.call('createDevice', {
      params: { id: teamId },
      body: { name: uniqueName('device') },
    });
    const agent = await AgentClient.connect(cp.url, credentials.token);
    agents.push(agent);
    agent.hello({ current: DEVELOPER, capabilities });
    const { developer } = await cp.admin.call('setDeviceMode', {
      params: { id },
      body: { mode: 'developer' },
    });
    await agent.target((target) => target.mode === 'developer');
    const url = developer?.url ?? '';
    return { id, token: credentials.token, agent, url, cookie: await openEditorOf({ url }, cp.admin) };
  }

  const asked = (agent: AgentClient, count = 1) =>
    eventually(() => {
      const all = agent.commands.filter((command): command is OpenTunnel => command.type === 'open-tunnel');
      return all.length >= count && all[count - 1];
    });

  /** Dials back; the status of the refusal, or the open socket. */
  function dial(id: string, deviceToken: string, token: string): Promise<Duplex | number> {
    const socket = new WebSocket(`${cp.url.replace('http', 'ws')}/tunnel/${id}`, {
      headers: { authorization: `Bearer ${deviceToken}`, [TUNNEL_TOKEN_HEADER]: token },
    });
    return new Promise((resolve, reject) => {
      socket.on('unexpected-response', (_request, response) => {
        resolve(response.statusCode ?? 0);
        socket.terminate();
      });
      // Before anything else runs: what comes while nobody listens is lost.
      socket.on('open', () => resolve(createWebSocketStream(socket)));
      socket.on('error', reject);
    });
  }

  it('are dialled by the device that was asked, with a token that works once', async () => {
    const { agent, token, url, cookie } = await buildDevice();
    const other = await buildDevice();
    const answer = getFromInstance(url, '/hello', { cookie });
    const tunnel = await asked(agent);

    assert.equal(await dial(tunnel.id, other.token, tunnel.token), 404);
    assert.equal(await dial(tunnel.id, token, 'fyt_guessed'), 404);
    assert.equal(await dial('0000', token, tunnel.token), 404);
    assert.equal(await dial(tunnel.id, 'fyd_nobody', tunnel.token), 401);
    const stream = await dial(tunnel.id, token, tunnel.token);
    assert.ok(stream instanceof Duplex);
    const first = once(stream, 'data');
    assert.equal(await dial(tunnel.id, token, tunnel.token), 404);
    const request = String((await first)[0]);
    stream.write(ANSWER);
    assert.equal((await answer).body, 'hello');
    assert.match(request, /^GET \/hello HTTP\/1\.1/);
    assert.match(request, /x-flowyard-identity: /i);
    assert.doesNotMatch(request, /flowyard_editor/);
    // Kept for the next request.
    const again = getFromInstance(url, '/hello', { cookie });
    await once(stream, 'data');
    stream.write(ANSWER);
    assert.equal((await again).body, 'hello');
    assert.equal(agent.commands.filter(({ type }) => type === 'open-tunnel').length, 1);
    stream.destroy();
  });

  it('end when developer mode does', async () => {
    const { id, agent, token, url, cookie } = await buildDevice();
    const answer = getFromInstance(url, '/hello', { cookie }).catch(() => null);
    const tunnel = await asked(agent);
    const stream = await dial(tunnel.id, token, tunnel.token);
    assert.ok(stream instanceof Duplex);
    const closed = once(stream.resume(), 'end');

    await cp.admin.call('setDeviceMode', { params: { id }, body: { mode: 'fleet' } });

    await closed;
    await answer;
    const { status } = await getFromInstance(url, '/', { ...BROWSER, cookie });
    assert.equal(status, 409);
    assert.equal(agent.commands.filter(({ type }) => type === 'open-tunnel').length, 1);
  });

  it('are asked for only by people who may open the editor or the pages', async () => {
    const { agent, url } = await buildDevice();
    const stranger = await buildMember(cp, null);
    await assert.rejects(openEditorOf({ url }, stranger.client));

    assert.equal((await getFromInstance(url, '/flows')).status, 401);
    assert.equal((await getFromInstance(url, '/', BROWSER)).status, 302);
    const away = await getFromInstance(url.replace(/\/\/./, '//9'), '/', BROWSER);
    assert.equal(away.status, 404);
    assert.equal(agent.commands.filter(({ type }) => type === 'open-tunnel').length, 0);
  });

  it('say what is wrong when there is none to be had', async () => {
    const old = await buildDevice([]);
    const oldPage = await getFromInstance(old.url, '/', { ...BROWSER, cookie: old.cookie });
    assert.equal(oldPage.status, 501);
    assert.match(oldPage.body, /agent on this device is too old/);

    const failing = await buildDevice();
    const failed = getFromInstance(failing.url, '/', { ...BROWSER, cookie: failing.cookie });
    const { id } = await asked(failing.agent);
    failing.agent.send({ type: 'request-failed', id, reason: 'Node-RED is on <fire>' });
    const failedPage = await failed;
    assert.equal(failedPage.status, 503);
    assert.match(failedPage.body, /Node-RED is on &lt;fire&gt;/);

    failing.agent.close();
    await eventually(
      async () => (await cp.admin.call('getDevice', { params: { id: failing.id } })).presence === 'offline',
    );
    const offline = await getFromInstance(failing.url, '/', { ...BROWSER, cookie: failing.cookie });
    assert.equal(offline.status, 503);
    assert.match(offline.body, /device is offline/);
  });

  it('give up a device that does not dial back, with 504', async () => {
    const { url, cookie } = await buildDevice();
    const begun = performance.now();

    const { status } = await new Promise<{ status: number }>((resolve, reject) => {
      const { host, port } = new URL(url);
      get({ host: '127.0.0.1', port, path: '/', headers: { host, cookie, ...BROWSER } }, (answer) => {
        answer.resume();
        resolve({ status: answer.statusCode ?? 0 });
      }).on('error', reject);
    });

    assert.equal(status, 504);
    assert.ok(performance.now() - begun < 15_000);
  });

  it('give a snapshot only when it was asked for', async () => {
    const { id, token } = await buildDevice();
    const body = {
      requestId: 'made-up',
      baseSnapshotId: null,
      flows: [],
      credentials: {},
      modules: {},
      nodeRed: '4.1.15',
      nodeJs: '20.0.0',
    };

    const answer = await fetch(`${cp.url}/api/v1/agent/snapshots`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });

    assert.equal(answer.status, 409);
    const { items } = await cp.admin.call('listDeviceSnapshots', { params: { id } });
    assert.deepEqual(items, []);
  });

  it('modes are switched by members, with an end in reason', async () => {
    const { id } = await buildDevice();
    const viewer = await buildMember(cp, teamId, 'viewer');
    const member = await buildMember(cp, teamId, 'member');
    const params = { id };
    const set = (body: object) => ({ params, body });

    await viewer.client.refused('setDeviceMode', 403, set({ mode: 'fleet' }));
    await member.client.refused('setDeviceMode', 422, set({ mode: 'developer', minutes: 0 }));
    await member.client.refused('setDeviceMode', 422, set({ mode: 'developer', minutes: 1e9 }));
    await member.client.refused('setDeviceMode', 422, set({ mode: 'fleet', minutes: 5 }));
    await member.client.refused('setDeviceMode', 422, set({ mode: 'debug' }));
    const first = await member.client.call('setDeviceMode', set({ mode: 'developer', minutes: 5 }));
    const longer = await member.client.call('setDeviceMode', set({ mode: 'developer', minutes: 60 }));

    assert.equal(longer.developer?.since, first.developer?.since);
    assert.ok(String(longer.developer?.until) > String(first.developer?.until));
  });
});
