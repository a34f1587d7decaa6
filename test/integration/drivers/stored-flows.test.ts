import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../../support/eventually.ts';
import { buildHttpFlow, type FlowNodeInput, textRoute } from '../../support/node-red-flows.ts';
import { nodeRedsBelow } from '../../support/processes.ts';
import { DriverWorld } from './driver-world.ts';

const hello = (text: string) => buildHttpFlow(textRoute('/hello', text));

const BROKER: FlowNodeInput = {
  id: 'broker',
  type: 'mqtt-broker',
  broker: '127.0.0.1',
  port: '1',
  autoConnect: false,
};

describe('the flows of a hosted instance', function () {
  this.timeout(90_000);
  let world: DriverWorld;

  beforeEach(async () => {
    world = new DriverWorld();
    await world.start();
  });

  afterEach(() => world.clear());

  const startHello = async () => {
    const id = world.add('line', hello('old'));
    await world.until(id, 'running');
    return id;
  };

  const answers = (id: string, text: string) =>
    eventually(async () => (await world.text(id, '/hello')) === text);

  it('are written to the control plane by one request, with credentials and who deployed', async () => {
    const id = await startHello();
    const flows = [...hello('new'), { ...BROKER, credentials: { user: 'u', password: 'p' } }];

    const answer = await world.deploy(id, flows);

    assert.equal(answer.status, 200);
    await answers(id, 'new');
    assert.equal(world.puts.length, 1);
    const [put] = world.puts;
    assert.equal(put?.revision, 1);
    assert.match(String(put?.credentials?.$), /^[0-9a-f]{32}/);
    assert.ok(put?.identity?.startsWith(world.identity(id, 'member').slice(0, 20)));
    assert.equal(JSON.stringify(put?.flows).includes('"password"'), false);
    await eventually(() => world.lastReport(id)?.flowsRevision === 2);
  });

  it('keep their credentials through a restart', async () => {
    const id = await startHello();
    await world.deploy(id, [...hello('new'), { ...BROKER, credentials: { user: 'u', password: 'p' } }]);

    world.change(id, { restarts: 1 });
    await eventually(() => world.reports.filter(({ state }) => state === 'running').length > 1);
    await world.until(id, 'running');

    const answer = await world.fetch(id, '/credentials/mqtt-broker/broker', {
      headers: { 'x-flowyard-identity': world.identity(id, 'member') },
    });
    assert.deepEqual(await answer.json(), { user: 'u', has_password: true });
  });

  it('are not overwritten by a deploy that started from older ones', async () => {
    const id = await startHello();
    world.putFlows(id, hello('by somebody else'));

    const answer = await world.deploy(id, hello('stale'));

    assert.equal(answer.status, 409);
    assert.equal(((await answer.json()) as { code: string }).code, 'version_mismatch');
    assert.equal(world.puts.length, 0);
    await answers(id, 'by somebody else');
    assert.equal((await world.deploy(id, hello('merged'))).status, 200);
    await answers(id, 'merged');
  });

  it('keep a changed password of a deploy that was refused for the next one', async () => {
    const id = world.add('line', [...hello('old'), BROKER]);
    await world.until(id, 'running');
    world.putFlows(id, [...hello('old'), BROKER, { id: 'extra', type: 'tab', label: 'Extra' }]);
    const withPassword = [...hello('new'), { ...BROKER, credentials: { user: 'u', password: 'p' } }];

    assert.equal((await world.deploy(id, withPassword)).status, 409);
    await eventually(() => world.lastReport(id)?.flowsRevision === 2);
    assert.equal((await world.deploy(id, withPassword)).status, 200);

    assert.match(String(world.puts[0]?.credentials?.$), /^[0-9a-f]{32}/);
  });

  it('come from the local copy when the control plane is away at the start', async () => {
    const id = await startHello();
    world.change(id, { desired: 'stopped' });
    await world.until(id, 'stopped');
    world.away = true;

    world.change(id, { desired: 'running' });

    await world.until(id, 'running');
    assert.equal(await world.text(id, '/hello'), 'old');
  });

  it('are waited for when there is no local copy either', async () => {
    world.away = true;
    const id = world.add('line', hello('late'));
    await eventually(() => world.lastReport(id)?.step?.includes('waiting for the control plane'));

    world.away = false;

    await world.until(id, 'running');
    assert.equal(await world.text(id, '/hello'), 'late');
  });

  it('run at once when they are deployed while the control plane is away, and are delivered later', async () => {
    const id = await startHello();
    world.away = true;

    const answer = await world.deploy(id, hello('meanwhile'));

    assert.equal(answer.status, 200);
    await answers(id, 'meanwhile');
    assert.equal(world.puts.length, 0);
    world.away = false;
    await eventually(() => world.puts.length === 1);
    assert.deepEqual(world.instance(id).flows, hello('meanwhile'));
    await eventually(() => world.lastReport(id)?.flowsRevision === 2);
  });

  it('are delivered also when the sign-in of who deployed has expired meanwhile', async () => {
    const id = await startHello();
    world.away = true;
    await world.deploy(id, hello('meanwhile'));
    world.refusesPeople = true;

    world.away = false;

    await eventually(() => world.puts.length === 1);
    assert.equal(world.puts[0]?.identity, undefined);
    assert.deepEqual(world.instance(id).flows, hello('meanwhile'));
  });

  it('survive a kill between their deploy and their delivery', async () => {
    const id = await startHello();
    world.away = true;
    await world.deploy(id, hello('meanwhile'));
    await answers(id, 'meanwhile');
    const [pid = 0] = nodeRedsBelow(world.dataDir);

    process.kill(pid, 'SIGKILL');
    await world.until(id, 'crashed');
    await world.until(id, 'running');

    assert.equal(await world.text(id, '/hello'), 'meanwhile');
    world.away = false;
    await eventually(() => world.puts.length === 1);
    assert.deepEqual(world.instance(id).flows, hello('meanwhile'));
  });

  it('are put aside, not lost, when both sides changed while they were apart', async () => {
    const id = await startHello();
    world.away = true;
    await world.deploy(id, hello('here'));
    await answers(id, 'here');
    world.putFlows(id, hello('there'));

    world.away = false;

    const event = await eventually(() => world.events.find((entry) => entry.event === 'flows.conflict'));
    await answers(id, 'there');
    assert.deepEqual(world.instance(id).flows, hello('there'));
    const folder = join(world.dataDir, 'instances', world.instance(id).target.folder ?? '');
    assert.ok(
      readdirSync(join(folder, '.flowyard')).some((name) => String(event.details.file).endsWith(name)),
    );
  });

  it('are read again until they were read, when the control plane fails at the wrong moment', async () => {
    const id = await startHello();
    world.putFlows(id, hello('rolled back'));
    world.away = true;
    world.driver.reconcile(id);
    await eventually(() => world.events.some(({ event }) => event === 'flows.reload-failed'));

    world.away = false;

    await answers(id, 'rolled back');
  });

  it('run again by themselves when a wrong roll back is followed by a right one', async () => {
    const id = await startHello();
    world.putFlows(id, [...hello('old'), { id: 'x', type: 'no-such-node', z: 'tab', x: 1, y: 1, wires: [] }]);
    world.driver.reconcile(id);
    await world.until(id, 'error');

    world.putFlows(id, hello('right'));
    world.driver.reconcile(id);

    await world.until(id, 'running');
    assert.equal(await world.text(id, '/hello'), 'right');
  });
});
