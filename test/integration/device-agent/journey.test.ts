import assert from 'node:assert/strict';
import type { DeviceView, FlowNode } from '@flowyard/protocol';
import { getFromInstance } from '../../support/api-client.ts';
import { buildApplication, buildInstance, instanceIn } from '../../support/builders.ts';
import { type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';
import { sharedDeviceStore } from '../../support/device-store.ts';
import { eventually } from '../../support/eventually.ts';
import { runCommand, TestDevice } from './support/agent-process.ts';
import { answeringFlows, crashingFlows } from './support/flows.ts';

const MINUTE = 60_000;

/** Flows whose HTTP route answers what the device status node has told so far. */
function watchingFlows(): FlowNode[] {
  const place = { z: 'tab1', x: 100, y: 100 };
  const remember =
    'const all = flow.get("heard") || []; all.push(msg.topic + " " + msg.payload.status); flow.set("heard", all);';
  const answer = 'msg.payload = (flow.get("heard") || []).join(); return msg;';
  return [
    { id: 'tab1', type: 'tab', label: 'Watching' },
    {
      ...place,
      ...{ id: 'ds1', type: 'flowyard-device-status', scope: 'application', subject: '', statuses: [] },
      ...{ initial: true, wires: [['fn1']] },
    },
    { ...place, id: 'fn1', type: 'function', func: remember, outputs: 0, libs: [], wires: [] },
    { ...place, id: 'in1', type: 'http in', url: '/heard', method: 'get', wires: [['fn2']] },
    { ...place, id: 'fn2', type: 'function', func: answer, outputs: 1, libs: [], wires: [['out1']] },
    { ...place, id: 'out1', type: 'http response', wires: [] },
  ];
}

describe('a device of a real control plane', function () {
  this.timeout(3 * MINUTE);
  let plane: RunningControlPlane;
  let device: TestDevice;

  before(async () => {
    plane = await startControlPlane();
    device = await TestDevice.create(sharedDeviceStore());
  });

  afterEach(function () {
    if (this.currentTest?.state === 'failed') {
      process.stdout.write(device.output);
    }
  });

  after(async () => {
    await device?.dispose();
    await plane?.stop();
  });

  let teamId: string;
  let applicationId: string;
  let instanceId: string;
  let deviceId: string;

  const readDevice = () => plane.admin.call('getDevice', { params: { id: deviceId } });
  const runs = (snapshotId: string) =>
    eventually(
      async () => {
        const view: DeviceView = await readDevice();
        return view.status === 'running' && view.runningSnapshot?.id === snapshotId && view;
      },
      { withinMs: 2 * MINUTE },
    );

  /** Deploys flows in the hosted instance and takes a snapshot of them. */
  async function release(name: string, text: string): Promise<string> {
    const { revision } = await plane.admin.call('getFlows', { params: { id: instanceId } });
    const flows = answeringFlows(text) as FlowNode[];
    await plane.admin.call('putFlows', { params: { id: instanceId }, body: { revision, flows } });
    const snapshot = await plane.admin.call('createInstanceSnapshot', {
      params: { id: instanceId },
      body: { name },
    });
    return snapshot.id;
  }

  it('joins by a token, once, and is there', async () => {
    ({ teamId, applicationId } = await buildApplication(plane));
    ({ id: instanceId } = await buildInstance(plane, applicationId, { start: true }));
    await instanceIn(plane, instanceId, 'running');
    const { token } = await plane.admin.call('createProvisioningToken', {
      params: { id: teamId },
      body: { name: 'for the line', instanceId, uses: 1 },
    });

    const register = (...more: string[]) =>
      runCommand(
        'register',
        '--url',
        plane.url,
        '--token',
        token,
        '--name',
        'Filler 3',
        '--dir',
        device.folder,
        ...more,
      );
    const first = await register();
    assert.equal(first.code, 0, first.stderr);
    const again = await register();
    assert.match(again.stderr, /already belongs to a device/);
    const usedUp = await register('--force');
    assert.notEqual(usedUp.code, 0);
    assert.match(usedUp.stderr, /token/);

    deviceId = /device (\w+)\./.exec(first.stdout)?.[1] ?? '';
    device.start();
    await eventually(async () => (await readDevice()).presence === 'online');
    assert.equal((await readDevice()).status, 'waiting');
  });

  it('runs the target of the instance that it is assigned to', async () => {
    const snapshotId = await release('First', 'one');

    await plane.admin.call('setInstanceTarget', { params: { id: instanceId }, body: { snapshotId } });

    const view = await runs(snapshotId);
    assert.equal(view.targetOrigin, 'instance');
    assert.equal(await device.get('/hello'), 'one');
  });

  it('is watched by the palette node of a hosted instance, and by one that runs on itself', async () => {
    const watching = watchingFlows();
    const watcher = await buildInstance(plane, applicationId, { start: true, flows: watching });
    await instanceIn(plane, watcher.id, 'running');
    const { revision } = await plane.admin.call('getFlows', { params: { id: instanceId } });
    await plane.admin.call('putFlows', { params: { id: instanceId }, body: { revision, flows: watching } });
    const { id: snapshotId } = await plane.admin.call('createInstanceSnapshot', {
      params: { id: instanceId },
      body: { name: 'Watching' },
    });

    await plane.admin.call('setInstanceTarget', { params: { id: instanceId }, body: { snapshotId } });
    await runs(snapshotId);

    await eventually(async () => {
      const { body } = await getFromInstance(watcher.url, '/heard');
      return body.includes('Filler 3 running');
    });
    await eventually(async () => (await device.get('/heard'))?.includes('Filler 3 running'));
  });

  it('follows the next target', async () => {
    const snapshotId = await release('Second', 'two');

    await plane.admin.call('setInstanceTarget', { params: { id: instanceId }, body: { snapshotId } });

    await runs(snapshotId);
    assert.equal(await device.get('/hello'), 'two');
  });

  it('goes back from flows that crash, says why, and tries them again only when asked', async () => {
    const flows = crashingFlows() as FlowNode[];
    const { id: otherId } = await buildInstance(plane, applicationId, { flows });
    const { id: snapshotId } = await plane.admin.call('createInstanceSnapshot', {
      params: { id: otherId },
      body: { name: 'Crashing' },
    });
    const tries = () => device.output.split('step: try-release').length - 1;
    const target = { params: { id: instanceId }, body: { snapshotId } };
    const wentBack = (atTry: number) =>
      eventually(
        async () => {
          const view = await readDevice();
          return tries() === atTry && view.status === 'drift' && view.reason !== null && view;
        },
        { withinMs: MINUTE },
      );
    const before = tries();

    await plane.admin.call('setInstanceTarget', target);
    const view = await wentBack(before + 1);
    assert.match(view.reason ?? '', /the pump is on fire/);
    assert.deepEqual([view.targetSnapshot?.name, view.runningSnapshot?.name], ['Crashing', 'Second']);
    assert.equal(await device.get('/hello'), 'two');

    await plane.admin.call('controlDevice', { params: { id: deviceId }, body: { action: 'retry' } });
    await wentBack(before + 2);
    await plane.admin.call('setInstanceTarget', target);
    await wentBack(before + 3);
    const good = await release('Third', 'two');
    await plane.admin.call('setInstanceTarget', { params: { id: instanceId }, body: { snapshotId: good } });
    await runs(good);
  });

  it('stops, starts and restarts when asked on its page', async () => {
    const act = (action: string) =>
      plane.admin.call('controlDevice', { params: { id: deviceId }, body: { action } });
    const is = (status: DeviceView['status']) =>
      eventually(async () => (await readDevice()).status === status, { withinMs: MINUTE });

    await act('stop');
    await is('stopped');
    await act('start');
    await is('running');
    const before = await device.nodeRedPid();
    await act('restart');
    await eventually(async () => ![null, before].includes(await device.nodeRedPid()), { withinMs: MINUTE });
    await eventually(async () => (await device.get('/hello')) === 'two', { withinMs: MINUTE });
    await is('running');
  });

  it('goes on when it was removed there, and says so', async () => {
    await plane.admin.call('deleteDevice', { params: { id: deviceId } });

    await eventually(async () => {
      const { stdout } = await runCommand('status', '--dir', device.folder, '--json');
      return JSON.parse(stdout).link.state === 'refused';
    });
    assert.equal(await device.get('/hello'), 'two');
  });
});
