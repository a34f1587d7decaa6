import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../../support/eventually.ts';
import { buildHttpFlow, textRoute } from '../../support/node-red-flows.ts';
import { isAlive, nodeRedsBelow } from '../../support/processes.ts';
import { DriverWorld } from './driver-world.ts';

const HELLO = buildHttpFlow(textRoute('/hello', 'world'));

describe('the warm pool', function () {
  this.timeout(90_000);
  let world: DriverWorld;

  beforeEach(async () => {
    world = new DriverWorld();
    world.poolSize = 1;
    await world.start();
  });

  afterEach(() => world.clear());

  const warmProcess = () => eventually(() => world.warm.shift(), { withinMs: 30_000 });

  const claim = async (name: string, flows = HELLO) => {
    const pid = await warmProcess();
    const id = world.add(name, flows, { variables: { COLOUR: 'green' } });
    await world.until(id, 'running');
    return { id, pid };
  };

  it('gives an instance a process that runs already', async () => {
    const { id, pid } = await claim('line');

    assert.equal(await world.text(id, '/hello'), 'world');
    const folder = join(world.dataDir, 'instances', world.instance(id).target.folder ?? '');
    assert.deepEqual(nodeRedsBelow(folder), [pid]);
  });

  it('gives it variables, credentials and people like any other', async () => {
    const code = "msg.payload = env.get('COLOUR') + ' ' + env.get('FLOWYARD_INSTANCE_NAME'); return msg;";
    const { id } = await claim('line', buildHttpFlow({ path: '/colour', code }));

    assert.equal(await world.text(id, '/colour'), 'green line');
    assert.equal((await world.fetch(id, '/flows')).status, 401);
    assert.equal((await world.deploy(id, HELLO)).status, 200);
    await eventually(async () => (await world.text(id, '/hello')) === 'world');
    assert.match(await world.text(id, '/'), /<title>line<\/title>/);
  });

  it('restarts a claimed instance like any other, on the same folder', async () => {
    const { id, pid } = await claim('line');
    const { folder } = world.instance(id).target;

    world.change(id, { restarts: 1 });
    await eventually(() => !isAlive(pid));
    await world.until(id, 'running');

    assert.equal(world.instance(id).target.folder, folder);
    assert.equal(await world.text(id, '/hello'), 'world');
  });

  it('takes over a claimed instance when the control plane comes back', async () => {
    const { id } = await claim('line');
    const owned = () =>
      nodeRedsBelow(join(world.dataDir, 'instances', world.instance(id).target.folder ?? ''));
    const before = owned();
    await world.stop({ stopInstances: false });
    world.reports.length = 0;

    await world.start();
    await world.until(id, 'running');

    assert.deepEqual(owned(), before);
    assert.equal(await world.text(id, '/hello'), 'world');
  });

  it('fills itself again', async () => {
    const { pid } = await claim('line');

    const next = await warmProcess();

    assert.notEqual(next, pid);
  });

  it('replaces a process that ended', async () => {
    const pid = await warmProcess();

    process.kill(pid, 'SIGKILL');

    await eventually(() => nodeRedsBelow(world.dataDir).some((other) => other !== pid), { withinMs: 30_000 });
    await eventually(() => readdirSync(join(world.dataDir, 'instances')).length === 1);
  });

  it('leaves nothing of an earlier life behind', async () => {
    const pid = await warmProcess();
    // As after kill -9: the driver is forgotten without being stopped.
    const forgotten = world.driver;
    world.poolSize = 0;

    await world.start();

    await eventually(() => !isAlive(pid));
    await eventually(() => readdirSync(join(world.dataDir, 'instances')).length === 0);
    await forgotten.stop({ stopInstances: false });
  });
});
