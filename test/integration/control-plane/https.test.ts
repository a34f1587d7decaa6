import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import { stdout } from 'node:process';
import { ApiClient } from '../../support/api-client.ts';
import { answeringFlow, buildApplication, buildInstance, instanceIn } from '../../support/builders.ts';
import { ADMIN_PASSWORD, type RunningControlPlane } from '../../support/control-plane.ts';
import { ControlPlaneProcess } from '../../support/control-plane-process.ts';
import { sharedDeviceStore } from '../../support/device-store.ts';
import { eventually } from '../../support/eventually.ts';
import { runCommandWithin, TestDevice } from '../device-agent/support/agent-process.ts';

const FIXTURES = join(import.meta.dirname, '../../support/fixtures');
/** Signed by itself, for localhost and what is below it, and good for a hundred years. */
const CERTIFICATE = join(FIXTURES, 'test-certificate.pem');
const KEY = join(FIXTURES, 'test-key.pem');
const MINUTE = 60_000;
const TRUST = { NODE_EXTRA_CA_CERTS: CERTIFICATE };

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/** A request whose sender trusts the test's certificate and checks the name in it. */
function ask(url: string, method = 'GET', headers: Record<string, string> = {}, body = ''): Promise<Answer> {
  const { host, hostname, port, pathname, search } = new URL(url);
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        ...{ host: '127.0.0.1', port, method, path: pathname + search, ca: readFileSync(CERTIFICATE) },
        ...{ servername: hostname, headers: { ...headers, host } },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
        );
      },
    );
    sent.setTimeout(5000, () => sent.destroy(new Error(`${url} did not answer`)));
    sent.on('error', reject);
    sent.end(body);
  });
}

describe('A control plane with a certificate', function () {
  this.timeout(3 * MINUTE);
  const process = new ControlPlaneProcess({ FLOWYARD_TLS_CERT: CERTIFICATE, FLOWYARD_TLS_KEY: KEY });
  let cp: RunningControlPlane;
  let device: TestDevice;
  let place: { teamId: string; applicationId: string };
  let instance: { id: string; url: string };

  before(async () => {
    await process.launch({ FLOWYARD_ADMIN_PASSWORD: ADMIN_PASSWORD });
    // What only furnishes goes by the address for this machine; the tests ask by HTTPS.
    const port = readFileSync(join(process.dataDir, 'internal-port'), 'utf8');
    const admin = new ApiClient(`http://127.0.0.1:${port}`);
    await admin.signIn('admin', ADMIN_PASSWORD);
    cp = {
      url: process.url,
      admin,
      dataDir: process.dataDir,
      visitor: () => admin,
      stop: () => process.stop(),
    };
    place = await buildApplication(cp);
    device = await TestDevice.create(sharedDeviceStore());
  });

  afterEach(function () {
    if (this.currentTest?.state === 'failed') {
      stdout.write(`${device?.output}\n${process.output.slice(-20).join('\n')}\n`);
    }
  });

  after(async () => {
    await device?.dispose();
    await process.stop();
  });

  it('signs people in by HTTPS, with a cookie that goes nowhere else', async () => {
    assert.match(cp.url, /^https:\/\/localhost:\d+$/);
    const body = JSON.stringify({ username: 'admin', password: ADMIN_PASSWORD });
    const headers = { 'content-type': 'application/json', 'x-requested-with': 'flowyard' };

    const answer = await ask(`${cp.url}/api/v1/session`, 'POST', headers, body);

    assert.equal(answer.status, 201, answer.body);
    for (const cookie of answer.headers['set-cookie'] ?? []) {
      assert.match(cookie, /; HttpOnly; .*; Secure/);
    }
    assert.equal(answer.headers['set-cookie']?.length, 1);
    assert.match(answer.headers['strict-transport-security'] ?? '', /max-age=/);
  });

  it('is not for those who do not know who signed its certificate', async () => {
    await assert.rejects(fetch(`${cp.url}/healthz`), (error: Error) => {
      assert.match(String((error.cause as Error).message), /self-signed certificate/);
      return true;
    });
  });

  it('serves an instance by its own host name', async () => {
    instance = await buildInstance(cp, place.applicationId, {
      name: 'line-secure',
      start: true,
      flows: answeringFlow('safe and sound'),
    });
    assert.match(instance.url, /^https:\/\/line-secure\.localhost:\d+$/);
    await instanceIn(cp, instance.id, 'running');

    await eventually(async () => (await ask(`${instance.url}/answer`)).body === 'safe and sound');
    const editor = await ask(`${instance.url}/`, 'GET', { accept: 'text/html' });

    assert.equal(editor.status, 302);
    assert.ok(editor.headers.location?.startsWith(`${cp.url}/`), editor.headers.location);
    assert.match(editor.headers['set-cookie']?.[0] ?? '', /; Secure/);
  });

  it('is joined by a device that trusts it, and by no other', async () => {
    const { token } = await cp.admin.call('createProvisioningToken', {
      params: { id: place.teamId },
      body: { name: 'for the line', applicationId: place.applicationId, uses: 1 },
    });
    const join = [
      'register',
      '--url',
      cp.url,
      '--token',
      token,
      '--name',
      'Filler 3',
      '--dir',
      device.folder,
    ];

    const refused = await runCommandWithin({}, ...join);
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, /certificate/);
    assert.match(refused.stderr, /NODE_EXTRA_CA_CERTS/);

    const joined = await runCommandWithin(TRUST, ...join);
    assert.equal(joined.code, 0, joined.stderr);
  });

  it('tells that device its target, which it fetches and runs', async () => {
    const { items } = await cp.admin.call('listTeamDevices', { params: { id: place.teamId } });
    const id = items[0]?.id ?? '';
    const snapshot = await cp.admin.call('createInstanceSnapshot', {
      params: { id: instance.id },
      body: { name: 'Safe' },
    });
    await cp.admin.call('setDeviceTarget', { params: { id }, body: { snapshotId: snapshot.id } });

    device.startWithin(TRUST);

    await eventually(
      async () => (await cp.admin.call('getDevice', { params: { id } })).status === 'running',
      { withinMs: 2 * MINUTE },
    );
    assert.equal(await device.get('/answer'), 'safe and sound');
  });
});
