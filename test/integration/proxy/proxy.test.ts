import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { IDENTITY_HEADER, type Role, type RuntimeStatus } from '@flowyard/protocol';
import pino from 'pino';
import { WebSocket } from 'ws';
import { DeviceAway } from '../../../control-plane/src/proxy/device-door.ts';
import { CALLBACK_PATH, type EditorSignIn } from '../../../control-plane/src/proxy/editor-sign-in.ts';
import { OPEN_PAGES } from '../../../control-plane/src/proxy/page-gate.ts';
import { createProxy, type InstanceProxy } from '../../../control-plane/src/proxy/proxy.ts';
import { eventually } from '../../support/eventually.ts';
import { buildHttpFlow, textRoute } from '../../support/node-red-flows.ts';
import { freePort } from '../../support/ports.ts';
import { DriverWorld } from '../drivers/driver-world.ts';

const ECHO = { path: '/echo', code: 'msg.payload = JSON.stringify(msg.req.headers); return msg;' };

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

describe('the proxy', function () {
  this.timeout(60_000);
  let world: DriverWorld;
  let proxy: InstanceProxy;
  let front: Server;
  let port: number;
  let id: string;
  /** Where an instance is, when not where the driver says. */
  let elsewhere: { host: string; port: number } | null | undefined;
  let status: RuntimeStatus;

  const signIn: EditorSignIn = {
    findInstance: async (name) => (name === 'line' ? { kind: 'instance', id, name, host: name } : null),
    identify: async ({ headers }, instance) => {
      const role = /flowyard_editor=(\w+)/.exec(headers.cookie ?? '')?.[1];
      return role ? world.identity(instance.id, role as Role) : null;
    },
    watch: () => () => undefined,
    begin: () => ({
      location: 'http://localhost/oauth/authorize?x=1',
      cookie: 'flowyard_sign_in=state; Path=/',
    }),
    complete: async ({ url }) =>
      url?.includes('code=right') ? { location: '/', cookies: ['flowyard_editor=owner; HttpOnly'] } : null,
  };

  before(async () => {
    world = new DriverWorld();
    await world.start();
    id = world.add(
      'line',
      buildHttpFlow(textRoute('/hello', 'world'), ECHO, { path: '/never', code: 'return;' }),
    );
    await world.until(id, 'running');
  });

  after(() => world.clear());

  beforeEach(async () => {
    elsewhere = undefined;
    status = 'running';
    proxy = createProxy({
      domain: () => 'localhost',
      signIn,
      pages: OPEN_PAGES,
      driver: {
        address: (instanceId) => (elsewhere === undefined ? world.driver.address(instanceId) : elsewhere),
      },
      devices: {
        agentTo: async () => {
          throw new DeviceAway('offline');
        },
        editorOpened: () => () => undefined,
      },
      stateOf: () => ({ status, reason: 'a secret line of the log <b>' }),
      pageUrl: () => 'http://localhost:3000',
      logger: pino({ level: 'silent' }),
    });
    front = createServer((req, res) => {
      assert.equal(proxy.handles(req), true);
      proxy.request(req, res);
    });
    front.on('upgrade', (req, socket, head) => proxy.upgrade(req, socket, head));
    await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
    port = (front.address() as AddressInfo).port;
  });

  afterEach(async () => {
    proxy.close();
    front.closeAllConnections();
    await new Promise((resolve) => front.close(resolve));
  });

  const ask = (
    path: string,
    headers: Record<string, string> = {},
    method = 'GET',
    body = '',
  ): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const options = {
        host: '127.0.0.1',
        port,
        path,
        method,
        headers: { host: `line.localhost:${port}`, ...headers },
      };
      const asked = request({ ...options, timeout: 10_000 }, (response: IncomingMessage) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
        );
      });
      asked.on('timeout', () => asked.destroy(new Error('no answer')));
      asked.on('error', reject);
      asked.end(body);
    });

  const HTML = { accept: 'text/html', 'sec-fetch-mode': 'navigate' };
  const OWNER = { cookie: 'flowyard_editor=owner' };

  it('leads HTTP routes of flows to everybody', async () => {
    const answer = await ask('/hello');

    assert.equal(answer.status, 200);
    assert.equal(answer.body, 'world');
  });

  it('tells flows where the request came from, and believes nobody else about it', async () => {
    const headers = JSON.parse(
      (await ask('/echo', { 'x-forwarded-for': '6.6.6.6', 'x-forwarded-proto': 'https' })).body,
    );

    assert.equal(headers['x-forwarded-for'], '127.0.0.1');
    assert.equal(headers['x-forwarded-proto'], 'http');
    assert.equal(headers['x-forwarded-host'], `line.localhost:${port}`);
    assert.equal(headers['x-forwarded-port'], String(port));
  });

  it('keeps our cookies and identities away from flows', async () => {
    const cookie = 'a=1; flowyard_session=s; flowyard_editor=owner; b=2';
    const headers = JSON.parse((await ask('/echo', { cookie, [IDENTITY_HEADER]: 'made-up' })).body);

    assert.equal(headers.cookie, 'a=1; b=2');
    assert.equal(headers[IDENTITY_HEADER], undefined);
  });

  it('takes no identity from outside', async () => {
    const stolen = { [IDENTITY_HEADER]: world.identity(id, 'owner') };

    assert.equal((await ask('/flows', stolen)).status, 401);
  });

  it('tells Node-RED who is at the editor', async () => {
    assert.equal((await ask('/flows')).status, 401);
    assert.equal((await ask('/flows', OWNER)).status, 200);
    assert.equal((await ask('/flows', { cookie: 'flowyard_editor=viewer' })).status, 200);
    assert.equal((await ask('/inject/x', { cookie: 'flowyard_editor=viewer' }, 'POST')).status, 401);
  });

  it("does not lend a person's rights to pages of another origin", async () => {
    const other = { ...OWNER, origin: 'http://other.localhost:3000' };

    assert.equal((await ask('/flows', other)).status, 401);
    assert.equal((await ask('/flows', { ...OWNER, 'sec-fetch-site': 'same-site' })).status, 401);
    assert.equal((await ask('/flows', { ...OWNER, origin: `http://line.localhost:${port}` })).status, 200);
  });

  it('lets no other origin read the answers of the admin API', async () => {
    assert.equal((await ask('/flows', OWNER)).headers['access-control-allow-origin'], undefined);
  });

  it('sends a person who opens the editor to sign in, and only then', async () => {
    const away = await ask('/', HTML);

    assert.equal(away.status, 302);
    assert.equal(away.headers.location, 'http://localhost/oauth/authorize?x=1');
    assert.match(String(away.headers['set-cookie']), /flowyard_sign_in/);
    assert.equal((await ask('/', { ...HTML, ...OWNER })).status, 200);
    assert.equal((await ask('/hello', HTML)).status, 200);
  });

  it('ends a sign-in, or says that it did not fit', async () => {
    const right = await ask(`${CALLBACK_PATH}?code=right`, HTML);
    const wrong = await ask(`${CALLBACK_PATH}?code=wrong`, HTML);

    assert.equal(right.status, 302);
    assert.equal(right.headers.location, '/');
    assert.match(String(right.headers['set-cookie']), /flowyard_editor=owner/);
    assert.equal(wrong.status, 400);
    assert.match(wrong.body, /Try again/);
  });

  it('serves the editor whole: page, script, settings and deploy', async () => {
    assert.match((await ask('/', { ...HTML, ...OWNER })).body, /<title>line<\/title>/);
    assert.ok((await ask('/red/red.min.js', OWNER)).body.length > 100_000);
    assert.equal(JSON.parse((await ask('/settings', OWNER)).body).user.username, 'ada');

    const flows = JSON.parse((await ask('/flows', { ...OWNER, 'node-red-api-version': 'v2' })).body);
    const headers = { ...OWNER, 'content-type': 'application/json', 'node-red-api-version': 'v2' };
    const deployed = await ask('/flows', headers, 'POST', JSON.stringify(flows));
    assert.equal(deployed.status, 200);
  });

  const openComms = (headers: Record<string, string>): Promise<{ first: string; socket: WebSocket }> =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/comms`, {
        headers: { host: `line.localhost:${port}`, ...headers },
      });
      socket.on('open', () => socket.send(JSON.stringify({ subscribe: 'notification/#' })));
      socket.on('message', (data) => resolve({ first: String(data), socket }));
      socket.on('error', reject);
      socket.on('close', () => resolve({ first: 'closed', socket }));
    });

  it("carries the editor's WebSocket, with who is there", async () => {
    const { first, socket } = await openComms(OWNER);

    assert.match(first, /notification|hb/);
    socket.terminate();
  });

  it("refuses the editor's WebSocket to others", async () => {
    for (const headers of [{}, { ...OWNER, origin: 'http://other.localhost' }]) {
      const { first, socket } = await openComms(headers as Record<string, string>);
      assert.match(first, /"auth":"fail"|closed/);
      socket.terminate();
    }
  });

  it('says that there is no such instance', async () => {
    const page = await ask('/', { ...HTML, host: 'nobody.localhost' });

    assert.equal(page.status, 404);
    assert.match(page.body, /No such instance/);
    assert.equal((await ask('/', { host: 'a.b.localhost' })).status, 404);
    assert.equal((await ask('/', { host: '-.localhost' })).status, 404);
  });

  it('says honestly that an instance is away, and comes back by itself', async () => {
    elsewhere = null;
    status = 'starting';

    const page = await ask('/hello', HTML);
    const data = await ask('/hello');

    assert.equal(page.status, 503);
    assert.match(page.body, /http-equiv="refresh"/);
    assert.match(page.body, /starting/);
    assert.equal(data.status, 503);
    assert.equal(JSON.parse(data.body).error.code, 'instance_away');
    assert.equal(data.headers['retry-after'], '1');
  });

  it('shows why only to people who may know', async () => {
    elsewhere = null;
    status = 'crashed';

    assert.equal((await ask('/hello', HTML)).body.includes('secret line'), false);
    assert.match((await ask('/hello', { ...HTML, ...OWNER })).body, /secret line of the log &lt;b&gt;/);
  });

  it('does not hang when nothing listens where the instance was', async () => {
    elsewhere = { host: '127.0.0.1', port: await freePort() };

    assert.equal((await ask('/hello')).status, 503);
    await assert.rejects(openComms(OWNER));
  });

  it('gives up a request when the browser does', async () => {
    const asked = request({ host: '127.0.0.1', port, path: '/never', headers: { host: 'line.localhost' } });
    asked.on('error', () => {});
    asked.end();
    await eventually(() => asked.socket?.connecting === false);

    asked.destroy();

    assert.equal((await ask('/hello')).body, 'world');
  });

  it('leaves other hosts alone', () => {
    const to = (host: string) => proxy.handles({ headers: { host } } as IncomingMessage);

    assert.equal(to('localhost:3000'), false);
    assert.equal(to('127.0.0.1'), false);
    assert.equal(to('linelocalhost'), false);
    assert.equal(to('LINE.LOCALHOST:3000'), true);
  });
});
