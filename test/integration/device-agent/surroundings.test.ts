import assert from 'node:assert/strict';
import { randomBytes, scryptSync } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { eventually } from '../../support/eventually.ts';
import type { TestDevice } from './support/agent-process.ts';
import type { FakeControlPlane } from './support/fake-control-plane.ts';
import { answeringFlows, computingFlows } from './support/flows.ts';
import { MINUTE, RegisteredDevice } from './support/registered-device.ts';

const TELL = 'msg.payload = ["A", "B", "C", "TZ"].map((n) => env.get(n)).join(" "); return msg;';

describe('variables and settings of a device', function () {
  this.timeout(3 * MINUTE);
  let at: RegisteredDevice;
  let plane: FakeControlPlane;
  let device: TestDevice;

  before(async () => {
    at = await RegisteredDevice.create();
    ({ plane, device } = at);
    const variables = [{ name: 'B', value: 'snapshot', secret: false }];
    const snapshot = plane.snapshot('snap001', { flows: computingFlows(TELL), manifest: { variables } });
    plane.setTarget({
      snapshot,
      variables: { below: { A: 'group', B: 'group', C: 'group' }, above: { C: 'device' } },
    });
    device.start();
    await eventually(() => at.runs('snap001'), { withinMs: 2 * MINUTE });
  });

  afterEach(function () {
    if (this.currentTest?.state === 'failed') {
      at.print();
    }
  });

  after(() => at?.dispose());

  const steps = () => [...device.output.matchAll(/step: ([a-z-]+)/g)].map(([, step]) => step);

  it('reach flows, those of the snapshot between those of many and those of the device', async () => {
    assert.equal(await device.get('/hello'), 'group snapshot device ');
  });

  it('start Node-RED again when they change, and install nothing', async () => {
    const before = steps().length;

    plane.setTarget({
      variables: { below: { A: 'new' }, above: {} },
      settings: { 'runtime.timeZone': 'Asia/Tokyo' },
    });

    await eventually(async () => (await device.get('/hello')) === 'new snapshot  Asia/Tokyo', {
      withinMs: MINUTE,
    });
    assert.deepEqual(steps().slice(before), ['stop', 'start']);
    await eventually(() => at.runs('snap001'));
  });

  it('do not start it again when they come again as they were', async () => {
    const before = await device.nodeRedPid();

    plane.setTarget({ device: { name: 'Filler 4', applicationName: 'Bottling line', teamId: 'team001' } });
    await eventually(() => plane.last?.generation === 4);

    assert.equal(await device.nodeRedPid(), before);
    assert.equal(await device.get('/hello'), 'new snapshot  Asia/Tokyo');
  });

  it('hold also when the agent is killed and Node-RED has to be started again', async () => {
    await device.end('SIGKILL');
    process.kill((await device.nodeRedPid()) ?? 0, 'SIGKILL');
    device.start();

    await eventually(async () => (await device.get('/hello')) === 'new snapshot  Asia/Tokyo', {
      withinMs: MINUTE,
    });
  });

  it('are in no file that others may read', async () => {
    const folder = path.join(device.folder, 'journal');
    for (const name of await readdir(folder)) {
      assert.equal((await stat(path.join(folder, name))).mode & 0o077, 0, name);
    }
  });

  it('protect HTTP pages by a password, and hide it from flows', async () => {
    const salt = randomBytes(16);
    const hash = `scrypt$${salt.toString('base64url')}$${scryptSync('correct horse', salt, 32).toString('base64url')}`;
    plane.setTarget({
      snapshot: plane.snapshot('snap002', { flows: answeringFlows('behind the door') }),
      settings: { 'http.access': 'basic', 'http.basicUser': 'line', 'http.basicPassword': hash },
    });
    await eventually(() => at.runs('snap002'), { withinMs: MINUTE });

    const open = async (authorization: string) =>
      fetch(`http://127.0.0.1:${device.port}/hello`, { headers: { authorization } });
    const basic = (text: string) => open(`Basic ${Buffer.from(text).toString('base64')}`);
    assert.equal((await fetch(`http://127.0.0.1:${device.port}/hello`)).status, 401);
    for (const wrong of ['line:wrong', 'other:correct horse', 'line:', ':', 'line']) {
      assert.equal((await basic(wrong)).status, 401, wrong);
    }
    assert.equal((await open('Bearer x')).status, 401);
    for (const _ of [1, 2]) {
      assert.equal(await (await basic('line:correct horse')).text(), 'behind the door');
    }
  });

  it('let the probe of a new snapshot through that door, and nobody who only names it', async () => {
    const trial = {
      stableSeconds: 0,
      startSeconds: 60,
      allowScripts: false,
      probe: { path: '/hello', seconds: 5 },
    };
    plane.setTarget({
      snapshot: plane.snapshot('snap003', { flows: answeringFlows('probed') }),
      trial,
    });
    await eventually(() => at.runs('snap003'), { withinMs: MINUTE });

    const headers = { 'x-flowyard-probe': 'a'.repeat(64) };
    assert.equal((await fetch(`http://127.0.0.1:${device.port}/hello`, { headers })).status, 401);
  });
});
