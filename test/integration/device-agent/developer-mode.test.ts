import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import path from 'node:path';
import type { FlowNode } from '@flowyard/protocol';
import { WebSocket } from 'ws';
import { openDatabase } from '../../../control-plane/src/db/connection.ts';
import { getFromInstance } from '../../support/api-client.ts';
import { buildMember } from '../../support/builders.ts';
import { BROWSER, openEditorOf, postToEditor } from '../../support/editor-session.ts';
import { eventually } from '../../support/eventually.ts';
import { DeveloperWorld } from './support/developer-world.ts';
import { answeringFlows } from './support/flows.ts';

const MINUTE = 60_000;
const MIB = 1024 * 1024;
/** Far more than what a process that keeps nothing may grow by until its memory is tidied. */
const BIG = 120 * MIB;
const CREDENTIALS = { user: 'plant', password: 'a secret of the line' };

/** Answers with many bytes, and counts those that are sent to it. */
function bigFlows(): FlowNode[] {
  const place = { z: 'tab1', x: 100, y: 100 };
  const route = (name: string, method: string, func: string) => [
    { ...place, id: `in-${name}`, type: 'http in', url: `/${name}`, method, wires: [[`fn-${name}`]] },
    { ...place, id: `fn-${name}`, type: 'function', func, outputs: 1, libs: [], wires: [['out1']] },
  ];
  return [
    ...(answeringFlows('released') as FlowNode[]),
    ...route('big', 'get', `msg.payload = Buffer.alloc(${BIG}, 7); return msg;`),
    ...route('count', 'post', 'msg.payload = String(msg.payload.length); return msg;'),
  ];
}

/** The most memory that a process had while something was done, and what it had before. */
async function memoryDuring(pids: number[], work: () => Promise<void>): Promise<number[]> {
  const read = (pid: number) =>
    readFile(`/proc/${pid}/status`, 'utf8').then(
      (text) => Number(/VmRSS:\s+(\d+) kB/.exec(text)?.[1] ?? 0) * 1024,
    );
  const before = await Promise.all(pids.map(read));
  const most = [...before];
  const timer = setInterval(() => {
    for (const [index, pid] of pids.entries()) {
      void read(pid).then((now) => {
        most[index] = Math.max(most[index] ?? 0, now);
      });
    }
  }, 20);
  await work().finally(() => clearInterval(timer));
  return most.map((bytes, index) => bytes - (before[index] ?? 0));
}

describe('A device in developer mode', function () {
  this.timeout(3 * MINUTE);
  const world = new DeveloperWorld();
  let snapshotId: string;

  before(async () => {
    await world.start();
    snapshotId = await world.release(bigFlows());
  });

  afterEach(function () {
    if (this.currentTest?.state === 'failed') {
      process.stdout.write(`${world.device.output}\n${world.plane.output.join('\n')}\n`);
    }
  });

  after(() => world.dispose());

  const flowsOf = async (url: string, cookie: string): Promise<FlowNode[]> =>
    JSON.parse((await getFromInstance(url, '/flows', { cookie })).body);

  /** Deploys as the editor does, with another answer of `/hello`. */
  async function deploy(url: string, cookie: string, text: string): Promise<number> {
    const flows = (await flowsOf(url, cookie)).map((node) =>
      node.id === 'tpl1' ? { ...node, template: text } : node,
    );
    const secret = {
      ...{ id: 'ask1', type: 'http request', z: 'tab1', x: 300, y: 300, method: 'GET', ret: 'txt' },
      ...{ url: 'http://127.0.0.1:1', authType: 'basic', wires: [[]], credentials: CREDENTIALS },
    };
    const all = [...flows.filter(({ id }) => id !== secret.id), secret];
    return (await postToEditor({ url }, cookie, '/flows', { flows: all })).status;
  }

  it('has no editor at all in fleet mode', async () => {
    for (const route of ['/', '/flows', '/settings', '/red/red.min.js', '/auth/login', '/nodes']) {
      const { status } = await fetch(`http://127.0.0.1:${world.device.port}${route}`);
      assert.equal(status, 404, route);
    }
    const comms = new WebSocket(`ws://127.0.0.1:${world.device.port}/comms`);
    await assert.rejects(new Promise((resolve, reject) => comms.once('open', resolve).once('error', reject)));
  });

  it('is not reached from outside in fleet mode, and its address says why', async () => {
    const url = world.plane.url.replace('://', `://${world.deviceId}.`);
    const cookie = await openEditorOf({ url }, world.admin);

    const page = await getFromInstance(url, '/', { ...BROWSER, cookie });

    assert.equal(page.status, 409);
    assert.match(page.body, /developer mode/);
  });

  it('lets nobody on its own network into the editor', async () => {
    await world.develop();

    for (const route of ['/flows', '/nodes', '/library/local/flows']) {
      const { status } = await fetch(`http://127.0.0.1:${world.device.port}${route}`);
      assert.equal(status, 401, route);
    }
    const forged = await fetch(`http://127.0.0.1:${world.device.port}/flows`, {
      headers: { 'x-flowyard-identity': 'eyJ1c2VySWQiOiJhIn0.AAAA' },
    });
    assert.equal(forged.status, 401);
    assert.equal(await world.device.get('/hello'), 'released');
  });

  it('opens its editor to those who may, each with what their role allows', async () => {
    const { url } = (await world.view()).developer ?? { url: '' };
    const viewer = await buildMember(world.plane, world.teamId, 'viewer');
    const member = await buildMember(world.plane, world.teamId, 'member');
    const other = await buildMember(world.plane, null);
    const viewing = await world.openEditor(viewer.client);
    const editing = await world.openEditor(member.client);

    assert.match((await getFromInstance(url, '/', { ...BROWSER, cookie: editing })).body, /<title>Filler 3/);
    assert.equal(await deploy(url, viewing, 'by the viewer'), 401);
    assert.equal(await deploy(url, editing, 'edited'), 200);
    await eventually(
      async () => (await getFromInstance(url, '/hello', { cookie: viewing })).body === 'edited',
    );
    assert.equal((await getFromInstance(url, '/hello')).status, 401);
    await assert.rejects(world.openEditor(other.client));
    const { developer } = await world.until((view) => view.developer?.edited === true);
    assert.deepEqual(developer?.editors, []);
    assert.equal(await world.device.get('/hello'), 'edited');
  });

  it('says who has its editor open', async () => {
    const { url } = (await world.view()).developer ?? { url: '' };
    const cookie = await world.openEditor();
    const { host, port } = new URL(url);
    const comms = new WebSocket(`ws://127.0.0.1:${port}/comms`, {
      headers: { host, cookie, origin: url },
    });
    await new Promise((resolve, reject) => comms.once('open', resolve).once('error', reject));

    await world.until((view) => view.developer?.editors.join() === 'admin');

    comms.terminate();
    await world.until((view) => view.developer?.editors.length === 0);
  });

  it('passes on 120 megabytes each way without keeping them', async () => {
    const { url } = (await world.view()).developer ?? { url: '' };
    const cookie = await world.openEditor();
    const { host, port } = new URL(url);
    const headers = { host, cookie, 'content-type': 'application/octet-stream' };
    const send = (method: string, route: string, body: Buffer | null) =>
      new Promise<{ bytes: number; text: string }>((resolve, reject) => {
        const sent = request({ host: '127.0.0.1', port, path: route, method, headers }, (response) => {
          let bytes = 0;
          let text = '';
          response.on('data', (chunk: Buffer) => {
            bytes += chunk.length;
            text = text.length < 100 ? text + chunk.toString() : text;
          });
          response.on('end', () => resolve({ bytes, text }));
        });
        sent.on('error', reject);
        sent.end(body ?? undefined);
      });

    const grown = await memoryDuring([world.plane.pid, world.device.pid], async () => {
      assert.equal((await send('GET', '/big', null)).bytes, BIG);
      assert.equal((await send('POST', '/count', Buffer.alloc(BIG, 1))).text, String(BIG));
    });

    for (const bytes of grown) {
      assert.ok(bytes < 0.8 * BIG, `memory grew by ${grown.map((each) => Math.round(each / MIB))} MB`);
    }
  });

  it('goes on when the control plane is started again', async () => {
    const { url } = (await world.view()).developer ?? { url: '' };
    const cookie = await world.openEditor();
    const before = await world.device.nodeRedPid();

    await world.plane.end('SIGKILL');
    await world.plane.start();

    await eventually(
      async () => (await getFromInstance(url, '/hello', { cookie }).catch(() => null))?.body === 'edited',
      { withinMs: 30_000 },
    );
    assert.equal(await world.device.nodeRedPid(), before);
  });

  it('goes on when the agent is killed, and when Node-RED is started again', async () => {
    const { url } = (await world.view()).developer ?? { url: '' };
    const cookie = await world.openEditor();
    const before = await world.device.nodeRedPid();
    await world.device.end('SIGKILL');
    world.device.start();
    const answers = () =>
      eventually(
        async () => (await getFromInstance(url, '/hello', { cookie }).catch(() => null))?.body === 'edited',
        { withinMs: 30_000 },
      );
    await answers();
    assert.equal(await world.device.nodeRedPid(), before);

    await world.admin.call('controlDevice', { params: { id: world.deviceId }, body: { action: 'restart' } });

    await eventually(async () => (await world.device.nodeRedPid()) !== before, { withinMs: 30_000 });
    await answers();
  });

  it('ignores its target', async () => {
    await world.admin.call('setDeviceTarget', {
      params: { id: world.deviceId },
      body: { snapshotId: null },
    });
    await world.until((view) => view.targetSnapshot === null);
    await world.admin.call('setDeviceTarget', { params: { id: world.deviceId }, body: { snapshotId } });

    const view = await world.until(({ status }) => status === 'running');

    assert.equal(view.runningMode, 'developer');
    assert.equal(await world.device.get('/hello'), 'edited');
  });

  it('gives a snapshot of what was edited, with its credentials, which then is its target', async () => {
    const taken = await world.admin.call('createDeviceSnapshot', {
      params: { id: world.deviceId },
      body: { name: 'What we tried', description: 'on the machine' },
    });
    assert.deepEqual([taken.owner.kind, taken.owner.id, taken.kind], ['device', world.deviceId, 'manual']);
    const { flows } = await world.admin.call('getSnapshotFlows', { params: { id: taken.id } });
    assert.equal(flows.find(({ id }) => id === 'tpl1')?.template, 'edited');
    const { items } = await world.admin.call('listDeviceSnapshots', { params: { id: world.deviceId } });
    const [newest, automatic, ...others] = items;
    assert.equal(newest?.name, 'What we tried');
    assert.match(automatic?.name ?? '', /^Deploy by member-/);
    assert.equal(automatic?.kind, 'auto');
    assert.deepEqual(others, []);

    await world.admin.call('setDeviceTarget', {
      params: { id: world.deviceId },
      body: { snapshotId: taken.id },
    });
    await world.fleet();

    await world.until((view) => view.runningSnapshot?.id === taken.id);
    assert.equal(await world.device.get('/hello'), 'edited');
    assert.equal((await fetch(`http://127.0.0.1:${world.device.port}/flows`)).status, 404);
    // Credentials came along: Node-RED would say that it is in error without them.
    const back = await world.develop();
    const cookie = await world.openEditor();
    const answer = await getFromInstance(back.url, '/credentials/http-request/ask1', { cookie });
    assert.equal(JSON.parse(answer.body).user, CREDENTIALS.user);
  });

  it('tells who deployed, and when', async () => {
    const deploysOf = async () => {
      const { items } = await world.admin.call('listDeviceAudit', { params: { id: world.deviceId } });
      return items.filter(({ event }) => event === 'device.flows-deployed');
    };

    const [newest] = await eventually(async () => ((await deploysOf()).length > 0 ? deploysOf() : null));

    assert.deepEqual([newest?.actor.kind, newest?.via], ['user', 'editor']);
    assert.match(newest?.actor.name ?? '', /^member-/, 'the person at the editor, not who made the device');
    assert.ok(Date.parse(String(newest?.details.deviceTime)) <= Date.now());
  });

  it('keeps aside what was edited and not wanted, and runs its target again', async () => {
    const { url } = (await world.view()).developer ?? { url: '' };
    assert.equal(await deploy(url, await world.openEditor(), 'a bad idea'), 200);
    await world.until((view) => view.developer?.edited === true);

    await world.fleet();

    assert.equal(await world.device.get('/hello'), 'edited');
    const kept = await readFile(path.join(world.device.folder, 'developer-kept', 'flows.json'), 'utf8');
    assert.match(kept, /a bad idea/);
  });

  it('ends by itself when its time is over, also while the control plane was away', async () => {
    await world.develop(1);
    const cookie = await world.openEditor();
    const { developer } = await world.view();
    const left = Date.parse(developer?.until ?? '') - Date.now();
    assert.ok(left > 30_000 && left <= MINUTE, String(left));

    await world.plane.end('SIGKILL');
    const knex = openDatabase({ file: path.join(world.plane.dataDir, 'flowyard.sqlite') });
    await knex('devices').update({ developer_until: new Date().toISOString() });
    await knex.destroy();
    await world.plane.start();

    await world.until((view) => view.mode === 'fleet' && view.runningMode === 'fleet');
    const url = developer?.url ?? '';
    assert.equal((await getFromInstance(url, '/', { ...BROWSER, cookie })).status, 409);
    const { items } = await world.admin.call('listDeviceAudit', { params: { id: world.deviceId } });
    const ended = items.find(({ event }) => event === 'device.developer-mode-ended');
    assert.equal(ended?.actor.kind, 'system');
  });

  it('refuses a snapshot while it is offline', async () => {
    // Before the Node-RED of fleet mode has written its lock, nothing would know it to end it.
    await world.until(({ status }) => status === 'running');
    await world.device.end('SIGKILL');
    await world.until(({ presence }) => presence === 'offline');

    const { code } = await world.admin.refused('createDeviceSnapshot', 409, {
      params: { id: world.deviceId },
      body: { name: 'Too late' },
    });

    assert.equal(code, 'device_offline');
  });
});
