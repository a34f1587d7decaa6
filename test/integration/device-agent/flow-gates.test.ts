import assert from 'node:assert/strict';
import { eventually } from '../../support/eventually.ts';
import { gatedFlows, sayingFlows } from '../../support/gate-flows.ts';
import type { TestDevice } from './support/agent-process.ts';
import type { FakeControlPlane } from './support/fake-control-plane.ts';
import { MINUTE, RegisteredDevice } from './support/registered-device.ts';

const ANOTHER_VARIABLE = { manifest: { variables: [{ name: 'ROUND', value: '2', secret: false }] } };

describe('What flows say to the agent of a device', function () {
  this.timeout(3 * MINUTE);
  let at: RegisteredDevice;
  let plane: FakeControlPlane;
  let device: TestDevice;

  beforeEach(async () => {
    at = await RegisteredDevice.create();
    ({ plane, device } = at);
    device.start();
  });

  afterEach(async function () {
    if (this.currentTest?.state === 'failed') {
      at.print();
    }
    await at.dispose();
  });

  /** Has it run these flows. */
  async function run(id: string, flows: unknown[]): Promise<void> {
    plane.setTarget({ snapshot: plane.snapshot(id, { flows }) });
    await eventually(() => at.runs(id), { withinMs: 2 * MINUTE });
  }

  const waits = () => plane.last?.state === 'updating' && (plane.last.step ?? '').startsWith('waits: ');
  const holdsNothing = () => plane.last?.flow.hold === null;

  it('takes an update back whose flow says that it is not well, and tells why', async () => {
    await run('snap001', gatedFlows('one'));
    const flows = sayingFlows('two', false, 'The filler has no pressure.');

    plane.setTarget({ snapshot: plane.snapshot('snap002', { flows }) });
    await eventually(() => plane.last?.failedSnapshotId === 'snap002' && at.runs('snap001'), {
      withinMs: MINUTE,
    });

    assert.match(plane.last?.reason ?? '', /The flow says: The filler has no pressure\./);
    assert.equal(await device.get('/hello'), 'one');
  });

  it('waits for a flow that must prove itself, and gives it up when it does not', async () => {
    await run('snap001', gatedFlows('one'));

    plane.setTarget({
      snapshot: plane.snapshot('snap002', { flows: gatedFlows('two', { proofSeconds: 60 }) }),
    });
    await eventually(() => plane.last?.flow.unproven === true, { withinMs: MINUTE });
    await eventually(async () => (await device.get('/health?say=well')) !== null);
    await eventually(() => at.runs('snap002'));
    plane.setTarget({
      snapshot: plane.snapshot('snap003', { flows: gatedFlows('three', { proofSeconds: 1 }) }),
    });
    await eventually(() => plane.last?.failedSnapshotId === 'snap003' && at.runs('snap002'), {
      withinMs: MINUTE,
    });

    assert.match(plane.last?.reason ?? '', /did not report within 1 seconds/);
  });

  it('does nothing but tell when a flow is not well outside of an update, and takes the update that mends it', async () => {
    await run('snap001', gatedFlows('one'));
    const pid = await device.nodeRedPid();

    await device.get('/health?say=unwell&reason=No%20pressure');
    await eventually(() => plane.last?.flow.unwell === 'No pressure');
    assert.equal(plane.last?.state, 'running');
    assert.equal(await device.nodeRedPid(), pid);
    // Its node goes on through this update, and what it said before is no word against what is new.
    await run('snap002', gatedFlows('two'));

    assert.equal(await device.nodeRedPid(), pid);
    assert.equal(plane.last?.flow.unwell, null);
  });

  it('installs an update but does not switch to it while a batch runs, and goes on when that ends', async () => {
    await run('snap001', gatedFlows('one'));
    const pid = await device.nodeRedPid();
    await device.get('/lock?say=lock&reason=Batch%2042');
    await eventually(() => plane.last?.flow.hold?.reason === 'Batch 42');

    plane.setTarget({
      snapshot: plane.snapshot('snap002', {
        flows: gatedFlows('two'),
        manifest: { modules: { 'node-red-node-random': '0.4.1' } },
      }),
    });
    await eventually(waits, { withinMs: MINUTE });
    assert.match(plane.last?.step ?? '', /^waits: the flow holds updates until .* UTC: Batch 42$/);
    assert.match(device.output, /step: prepare-release/);
    assert.doesNotMatch(device.output.split('step: prepare-release').at(-1) ?? '', /step: try-release/);
    assert.equal(await device.get('/hello'), 'one');
    assert.equal(await device.nodeRedPid(), pid);
    assert.equal(plane.last?.failedSnapshotId, null);
    await device.get('/lock?say=unlock');
    await eventually(() => at.runs('snap002'), { withinMs: MINUTE });

    assert.equal(await device.get('/hello'), 'two');
  });

  it('still waits after kill -9 of the agent, and then goes on', async () => {
    await run('snap001', gatedFlows('one'));
    const pid = await device.nodeRedPid();
    await device.get('/lock?say=lock&reason=Batch%2042');
    plane.setTarget({
      snapshot: plane.snapshot('snap002', { flows: gatedFlows('two'), ...ANOTHER_VARIABLE }),
    });
    await eventually(waits, { withinMs: MINUTE });

    await device.end('SIGKILL');
    const { hellos } = plane;
    device.start();
    await eventually(() => plane.hellos > hellos && waits(), { withinMs: MINUTE });
    assert.equal(await device.get('/hello'), 'one');
    assert.equal(await device.nodeRedPid(), pid);
    await device.get('/lock?say=unlock');
    await eventually(() => at.runs('snap002'), { withinMs: MINUTE });

    assert.equal(await device.get('/hello'), 'two');
  });

  it('goes on when a lock lapses, and when the Node-RED that held it ends', async () => {
    await run('snap001', gatedFlows('one', { longestMinutes: 0.1 }));
    await device.get('/lock?say=lock');
    await eventually(() => plane.last?.flow.hold !== null);
    plane.setTarget({ snapshot: plane.snapshot('snap002', { flows: gatedFlows('two') }) });
    await eventually(waits);
    await eventually(() => at.runs('snap002'), { withinMs: MINUTE });
    assert.equal(await device.get('/hello'), 'two');

    await device.get('/lock?say=lock');
    await eventually(() => plane.last?.flow.hold !== null);
    plane.setTarget({ snapshot: plane.snapshot('snap003', { flows: gatedFlows('three') }) });
    await eventually(waits);
    await device.endNodeRed();
    await eventually(() => at.runs('snap003'), { withinMs: MINUTE });

    assert.ok(holdsNothing());
    assert.equal(await device.get('/hello'), 'three');
  });

  it('holds neither a stop nor a restart that a person asks for', async () => {
    await run('snap001', gatedFlows('one'));
    const pid = await device.nodeRedPid();
    await device.get('/lock?say=lock');
    await eventually(() => plane.last?.flow.hold !== null);
    plane.setTarget({ snapshot: plane.snapshot('snap002', { flows: gatedFlows('two') }) });
    await eventually(waits);

    plane.setTarget({ restarts: 1 });
    await eventually(() => at.runs('snap002'), { withinMs: MINUTE });
    const second = await device.nodeRedPid();
    await eventually(async () => (await device.get('/lock?say=lock')) !== null);
    plane.setTarget({ desired: 'stopped' });
    await eventually(() => plane.last?.state === 'stopped', { withinMs: MINUTE });

    assert.ok([pid, second].every((one) => one !== null));
    assert.equal(await device.nodeRedPid(), null);
  });
});
