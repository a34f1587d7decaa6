import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { TRIAL } from '../../../device-agent/src/agent-journal.ts';
import { Journal } from '../../../device-agent/src/files/journal.ts';
import { releaseIdOf } from '../../../device-agent/src/release/release.ts';
import { eventually } from '../../support/eventually.ts';
import { runCommand, type TestDevice } from './support/agent-process.ts';
import { encryptCredentials } from './support/credentials.ts';
import { type FakeControlPlane, SECRET } from './support/fake-control-plane.ts';
import { answeringFlows, computingFlows, crashingFlows } from './support/flows.ts';
import { MINUTE, RegisteredDevice } from './support/registered-device.ts';

describe('the device agent', function () {
  this.timeout(3 * MINUTE);
  let at: RegisteredDevice;
  let plane: FakeControlPlane;
  let device: TestDevice;

  beforeEach(async () => {
    at = await RegisteredDevice.create();
    ({ plane, device } = at);
  });

  afterEach(async function () {
    if (this.currentTest?.state === 'failed') {
      at.print();
    }
    await at.dispose();
  });

  const runs = (snapshotId: string) => at.runs(snapshotId);
  const startWithOne = () => at.startWithOne();

  it('installs Node-RED and runs the first target', async () => {
    // Into a store of its own: another test may have filled the shared one.
    device.start('--store', path.join(device.folder, 'store'));
    await at.run('snap001', 'one');

    const steps = plane.states.map(({ step }) => step ?? '');
    assert.ok(steps.some((step) => step.startsWith('installing Node-RED 4.1.15')));
    assert.equal(plane.last?.nodeRed, '4.1.15');
    assert.equal(plane.last?.reason, null);
  });

  it('loads other flows into the running Node-RED without starting it again', async () => {
    await startWithOne();
    const before = await device.nodeRedPid();

    plane.setTarget({ snapshot: plane.snapshot('snap002', { flows: answeringFlows('two') }) });
    await eventually(() => runs('snap002'), { withinMs: MINUTE });

    assert.equal(await device.get('/hello'), 'two');
    assert.equal(await device.nodeRedPid(), before);
  });

  it('starts Node-RED anew for other modules and has them', async () => {
    await startWithOne();
    const before = await device.nodeRedPid();
    const flows = [
      ...answeringFlows('with a module'),
      {
        id: 'r1',
        type: 'random',
        z: 'tab1',
        low: '1',
        high: '9',
        inte: 'true',
        property: 'payload',
        wires: [[]],
      },
    ];

    plane.setTarget({
      snapshot: plane.snapshot('snap003', {
        flows,
        manifest: { modules: { 'node-red-node-random': '0.4.1' } },
      }),
    });
    await eventually(() => runs('snap003'), { withinMs: MINUTE });

    assert.equal(await device.get('/hello'), 'with a module');
    assert.notEqual(await device.nodeRedPid(), before);
  });

  it('lets function nodes use the modules of the snapshot', async () => {
    const flows = computingFlows('msg.payload = String(ms("2 days")); return msg;').map((node) =>
      (node as { type: string }).type === 'function'
        ? { ...(node as object), libs: [{ var: 'ms', module: 'ms' }] }
        : node,
    );

    plane.setTarget({
      snapshot: plane.snapshot('snap012', { flows, manifest: { modules: { ms: '2.1.3' } } }),
    });
    device.start();
    await eventually(() => runs('snap012'), { withinMs: 2 * MINUTE });

    assert.equal(await device.get('/hello'), '172800000');
  });

  it('keeps the old flows running and names a module that does not exist', async () => {
    await startWithOne();

    plane.setTarget({
      snapshot: plane.snapshot('snap004', {
        flows: answeringFlows('never'),
        manifest: { modules: { 'flowyard-there-is-no-such-module': '1.0.0' } },
      }),
    });
    await eventually(() => plane.last?.failedSnapshotId === 'snap004', { withinMs: MINUTE });
    await eventually(() => runs('snap001'));

    assert.match(plane.last?.reason ?? '', /flowyard-there-is-no-such-module/);
    assert.equal(await device.get('/hello'), 'one');
  });

  it('returns to the release before when the new one crashes, says why, and tries it again only when asked', async () => {
    await startWithOne();

    plane.setTarget({ snapshot: plane.snapshot('snap005', { flows: crashingFlows() }) });
    await eventually(() => plane.last?.failedSnapshotId === 'snap005' && runs('snap001'), {
      withinMs: MINUTE,
    });

    assert.equal(await device.get('/hello'), 'one');
    assert.match(plane.last?.reason ?? '', /the pump is on fire/);
    const tries = () => device.output.split('step: try-release').length;
    const before = tries();
    plane.setTarget({ restarts: 0 });
    plane.setTarget({ retries: 1 });
    await eventually(() => tries() === before + 1 && plane.last?.generation === 5);
    await eventually(() => runs('snap001') && plane.last?.failedSnapshotId === 'snap005', {
      withinMs: MINUTE,
    });
    assert.equal(tries(), before + 1);
  });

  it('does not keep a release whose node types are missing', async () => {
    await startWithOne();

    const flows = [
      ...answeringFlows('never'),
      { id: 'x1', type: 'no-such-type', z: 'tab1', x: 1, y: 1, wires: [] },
    ];
    plane.setTarget({ snapshot: plane.snapshot('snap006', { flows }) });
    await eventually(() => plane.last?.failedSnapshotId === 'snap006' && runs('snap001'), {
      withinMs: MINUTE,
    });

    assert.match(plane.last?.reason ?? '', /no-such-type/);
    assert.equal(await device.get('/hello'), 'one');
  });

  it('gives flows their credentials, variables and identity', async () => {
    const flows = [
      ...computingFlows(
        'msg.payload = [env.get("LINE"), env.get("FLOWYARD_DEVICE_NAME"), env.get("FLOWYARD_SNAPSHOT_ID")].join(); return msg;',
      ),
      { id: 'm1', type: 'mqtt-broker', name: 'b', broker: '127.0.0.1', port: '1', autoConnect: false },
    ];
    const credentials = encryptCredentials({ m1: { user: 'u', password: 'p' } }, SECRET);
    const variables = [
      { name: 'LINE', value: '7', secret: false },
      { name: 'UNSET', value: null, secret: true },
    ];

    plane.setTarget({ snapshot: plane.snapshot('snap007', { flows, credentials, manifest: { variables } }) });
    device.start();
    await eventually(() => runs('snap007'), { withinMs: 2 * MINUTE });

    assert.equal(await device.get('/hello'), '7,Filler 3,snap007');
  });

  it('does not keep a release whose credentials it cannot decrypt', async () => {
    await startWithOne();

    const credentials = encryptCredentials({ m1: { user: 'u' } }, 'another secret');
    plane.setTarget({ snapshot: plane.snapshot('snap008', { flows: answeringFlows('never'), credentials }) });
    await eventually(() => plane.last?.failedSnapshotId === 'snap008' && runs('snap001'), {
      withinMs: MINUTE,
    });

    assert.match(plane.last?.reason ?? '', /credentials/);
  });

  it('stops, starts and restarts as it is told', async () => {
    await startWithOne();
    const first = await device.nodeRedPid();

    plane.setTarget({ restarts: 1 });
    await eventually(async () => runs('snap001') && ![null, first].includes(await device.nodeRedPid()), {
      withinMs: MINUTE,
    });
    assert.equal(device.output.split('step: start').length - 1, 1);
    plane.setTarget({ desired: 'stopped' });
    await eventually(() => plane.last?.state === 'stopped');
    assert.equal(await device.nodeRedPid(), null);
    plane.setTarget({ desired: 'suspended' });
    await eventually(() => plane.last?.state === 'suspended');
    plane.setTarget({ desired: 'running' });
    await eventually(() => runs('snap001'), { withinMs: MINUTE });
    const pid = await device.nodeRedPid();
    const { states } = plane;
    const seen = states.length;
    plane.setTarget({ snapshot: null });
    await eventually(() => states.length > seen && runs('snap001'));
    assert.equal(await device.nodeRedPid(), pid, 'without a target it goes on as it is');
  });

  it('ends with its Node-RED when it is told to, and starts without a network', async () => {
    await startWithOne();
    await writeFile(path.join(device.folder, 'data', 'recipe.txt'), 'of the user');
    assert.equal(await device.end('SIGTERM'), 0);
    assert.equal(await device.nodeRedPid(), null);
    await plane.stop();

    device.start();
    await eventually(async () => (await device.get('/hello')) === 'one', { withinMs: MINUTE });

    await plane.start();
    await eventually(() => runs('snap001'), { withinMs: MINUTE });
    assert.equal(await readFile(path.join(device.folder, 'data', 'recipe.txt'), 'utf8'), 'of the user');
  });

  it('takes over the Node-RED that went on after kill -9 of the agent', async () => {
    await startWithOne();
    const before = await device.nodeRedPid();

    await device.end('SIGKILL');
    assert.equal(await device.get('/hello'), 'one');
    const { hellos } = plane;
    device.start();
    await eventually(() => plane.hellos > hellos && runs('snap001'), { withinMs: MINUTE });

    assert.equal(await device.nodeRedPid(), before);
    assert.equal(await device.get('/hello'), 'one');
  });

  it('runs a whole release after kill -9 at many moments of an update', async () => {
    await startWithOne();

    for (const [index, momentMs] of [150, 500, 900, 1400].entries()) {
      const round = index + 1;
      const text = `round ${round}`;
      plane.setTarget({
        snapshot: plane.snapshot(`snap1${round}`, {
          flows: answeringFlows(text),
          // Every other round differs in a variable, so that Node-RED is started and not only reloaded.
          manifest: { variables: [{ name: 'ROUND', value: String(Math.floor(round / 2)), secret: false }] },
        }),
      });
      // Not a wait for something to happen, but the moment of the fault.
      await new Promise((resolve) => setTimeout(resolve, momentMs));
      await device.end('SIGKILL');
      const left = await device.get('/hello');
      assert.ok(
        left === null || left === text || left === 'one' || left.startsWith('round '),
        `answered ${left}`,
      );
      device.start();
      await eventually(() => runs(`snap1${round}`), { withinMs: MINUTE });
      assert.equal(await device.get('/hello'), text);
    }
  });

  it('restarts Node-RED when it crashes by itself, with the flows that were loaded last', async () => {
    await startWithOne();
    plane.setTarget({ snapshot: plane.snapshot('snap009', { flows: answeringFlows('two') }) });
    await eventually(() => runs('snap009'), { withinMs: MINUTE });
    const before = (await device.nodeRedPid()) ?? 0;

    process.kill(before, 'SIGKILL');
    await eventually(() => plane.last?.state === 'crashed');
    await eventually(() => runs('snap009'), { withinMs: MINUTE });

    assert.notEqual(await device.nodeRedPid(), before);
    assert.equal(await device.get('/hello'), 'two');
    await device.end('SIGKILL');
    const { hellos } = plane;
    device.start();
    await eventually(() => plane.hellos > hellos && runs('snap009'), { withinMs: MINUTE });
  });

  it('waits for its port when another program has it, and blames nobody', async () => {
    const other = createServer().listen(device.port, '127.0.0.1');
    plane.setTarget({ snapshot: plane.snapshot('snap001', { flows: answeringFlows('one') }) });
    device.start();
    await eventually(() => plane.last?.reason?.includes('used by another program') ?? false, {
      withinMs: MINUTE,
    });
    assert.equal(plane.last?.failedSnapshotId, null);

    other.close();

    await eventually(() => runs('snap001'), { withinMs: MINUTE });
  });

  it('gives a release up during which the power went away three times', async () => {
    await startWithOne();
    const snapshot = plane.snapshot('snap010', { flows: answeringFlows('unlucky') });
    await device.end('SIGTERM');
    const trial = { releaseId: releaseIdOf(snapshot), snapshotId: snapshot.id, attempts: 3 };
    await new Journal(path.join(device.folder, 'journal')).write(TRIAL, trial);

    plane.setTarget({ snapshot });
    device.start();
    await eventually(() => plane.last?.failedSnapshotId === 'snap010' && runs('snap001'), {
      withinMs: MINUTE,
    });

    assert.match(plane.last?.reason ?? '', /three times/);
  });

  it('does not care that its clock is off by a year', async () => {
    const shift = path.join(device.folder, 'shift-clock.cjs');
    await writeFile(shift, 'const now = Date.now; Date.now = () => now() - 365 * 24 * 3600 * 1000;');
    plane.setTarget({ snapshot: plane.snapshot('snap001', { flows: answeringFlows('one') }) });

    device.startWithin({ NODE_OPTIONS: `--require ${shift}` });
    await eventually(() => runs('snap001'), { withinMs: MINUTE });

    assert.ok(Math.abs((plane.skewMs ?? 0) + 365 * 24 * 3_600_000) < MINUTE);
    assert.equal(await device.get('/hello'), 'one');
  });

  it('goes on running when the control plane does not know it any more', async () => {
    await startWithOne();

    for (const refuseWith of [
      { status: 401, body: '' },
      { status: 404, body: '' },
      { status: 200, body: '<html>Welcome to the hotel network</html>' },
    ]) {
      plane.refuseWith = refuseWith;
      await device.end('SIGTERM');
      device.start();
      await eventually(async () => (await device.get('/hello')) === 'one', { withinMs: MINUTE });
      await eventually(async () => {
        const { stdout } = await runCommand('status', '--dir', device.folder, '--json');
        return JSON.parse(stdout).link.state === 'refused';
      });
    }
  });

  it('sends its log only while somebody watches', async () => {
    await startWithOne();
    assert.deepEqual(plane.logs, []);

    plane.watchLogs(true);

    await eventually(() => plane.logs.some((line) => line.includes('Started flows')));
  });

  it('refuses to be two agents on one folder', async () => {
    await startWithOne();

    const { code, stderr } = await runCommand('--dir', device.folder, '--port', '0');

    assert.equal(code, 75);
    assert.match(stderr, /Another agent runs on/);
  });

  it('keeps its credentials to itself', async () => {
    const { mode } = await stat(path.join(device.folder, 'device.yml'));

    assert.equal(mode & 0o777, 0o600);
  });
});
