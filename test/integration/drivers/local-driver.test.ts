import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { IDENTITY_HEADER } from '@flowyard/protocol';
import { eventually } from '../../support/eventually.ts';
import { buildHttpFlow, CRASH, textRoute } from '../../support/node-red-flows.ts';
import { isAlive, nodeRedsBelow } from '../../support/processes.ts';
import { DriverWorld } from './driver-world.ts';

const HELLO = buildHttpFlow(textRoute('/hello', 'world'));

describe('the local driver', function () {
  this.timeout(90_000);
  let world: DriverWorld;

  beforeEach(async () => {
    world = new DriverWorld();
    await world.start();
  });

  afterEach(() => world.clear());

  it('runs an instance with the flows that the control plane has', async () => {
    const id = world.add('line', HELLO, { variables: { COLOUR: 'blue' }, flowsRevision: 4 });

    const report = await world.until(id, 'running');

    assert.equal(report.flowsRevision, 4);
    assert.equal(await world.text(id, '/hello'), 'world');
  });

  it('gives flows the variables of the instance', async () => {
    const code = "msg.payload = env.get('COLOUR') + ' ' + env.get('FLOWYARD_INSTANCE_NAME'); return msg;";
    const id = world.add('line', buildHttpFlow({ path: '/colour', code }), { variables: { COLOUR: 'blue' } });
    await world.until(id, 'running');

    assert.equal(await world.text(id, '/colour'), 'blue line');
  });

  it('stops, suspends and starts an instance as its target says', async () => {
    const id = world.add('line', HELLO);
    await world.until(id, 'running');

    world.change(id, { desired: 'stopped' });
    await world.until(id, 'stopped');
    assert.equal(world.driver.address(id), null);
    assert.deepEqual(nodeRedsBelow(world.dataDir), []);

    world.change(id, { desired: 'suspended' });
    await world.until(id, 'suspended');
    world.change(id, { desired: 'running' });
    await world.until(id, 'running');
    assert.equal(await world.text(id, '/hello'), 'world');
  });

  it('restarts an instance when a restart was asked for, once', async () => {
    const id = world.add('line', HELLO);
    await world.until(id, 'running');
    const [before] = nodeRedsBelow(world.dataDir);

    world.change(id, { restarts: 1 });
    await eventually(() => !isAlive(before ?? 0));
    await world.until(id, 'running');
    const [after] = nodeRedsBelow(world.dataDir);
    world.driver.reconcile(id);
    await world.until(id, 'running');

    assert.notEqual(after, before);
    assert.deepEqual(nodeRedsBelow(world.dataDir), [after]);
  });

  it('ends the process of a deleted instance and removes its folder', async () => {
    const id = world.add('line', HELLO);
    await world.until(id, 'running');

    world.remove(id);

    await eventually(() => readdirSync(join(world.dataDir, 'instances')).length === 0);
    assert.equal(world.driver.address(id), null);
  });

  it('neither ends nor deletes an instance whose stack is missing', async () => {
    const id = world.add('line', HELLO);
    await world.until(id, 'running');
    const before = nodeRedsBelow(world.dataDir);
    world.lacksStack = true;

    world.driver.reconcile(id);
    const other = world.add('other', HELLO);
    const { reason } = await world.until(other, 'error');

    assert.match(reason ?? '', /stack .* is not installed/);
    assert.deepEqual(nodeRedsBelow(world.dataDir), before);
    assert.equal(await world.text(id, '/hello'), 'world');
  });

  it('runs flows that changed in the control plane without a restart', async () => {
    const id = world.add('line', HELLO);
    await world.until(id, 'running');
    const before = nodeRedsBelow(world.dataDir);

    const revision = world.putFlows(id, buildHttpFlow(textRoute('/hello', 'rolled back')));
    world.driver.reconcile(id);

    await eventually(() => world.lastReport(id)?.flowsRevision === revision);
    assert.equal(await world.text(id, '/hello'), 'rolled back');
    assert.deepEqual(nodeRedsBelow(world.dataDir), before);
  });

  it('reports why an instance crashed, and that it runs again', async () => {
    const id = world.add('line', buildHttpFlow({ path: '/crash', code: `${CRASH} return msg;` }));
    await world.until(id, 'running');

    await world.fetch(id, '/crash').catch(() => {});

    const crashed = await world.until(id, 'crashed');
    assert.match(crashed.reason ?? '', /boom/);
    assert.equal(crashed.startedFor, 0);
    await world.until(id, 'running');
  });

  it('takes over what runs when the control plane comes back, at another port, too', async () => {
    const id = world.add('line', HELLO);
    await world.until(id, 'running');
    const before = nodeRedsBelow(world.dataDir);
    await world.stop({ stopInstances: false });
    world.reports.length = 0;
    assert.deepEqual(nodeRedsBelow(world.dataDir), before);

    await world.start();
    await world.until(id, 'running');

    assert.deepEqual(nodeRedsBelow(world.dataDir), before);
    assert.equal(await world.text(id, '/hello'), 'world');
    assert.equal((await world.deploy(id, buildHttpFlow(textRoute('/hello', 'again')))).status, 200);
    assert.equal(await eventually(async () => (await world.text(id, '/hello')) === 'again'), true);
  });

  it('makes the target true that changed while the control plane was away', async () => {
    const id = world.add('line', HELLO);
    await world.until(id, 'running');
    await world.stop({ stopInstances: false });

    world.instance(id).target.desired = 'stopped';
    await world.start();

    await world.until(id, 'stopped');
    await eventually(() => nodeRedsBelow(world.dataDir).length === 0);
  });

  it('stops all instances when told so', async () => {
    const id = world.add('line', HELLO);
    await world.until(id, 'running');

    await world.driver.stop({ stopInstances: true });

    assert.deepEqual(nodeRedsBelow(world.dataDir), []);
    assert.ok(existsSync(join(world.dataDir, 'instances')));
  });

  for (const stopInstances of [true, false]) {
    const how = stopInstances ? 'stopped with its instances' : 'stopped alone';
    it(`asks nothing and starts nothing any more once it is ${how} while it reads a target`, async () => {
      world.readingMs = 200;
      world.add('line', HELLO);
      assert.equal(world.reading, 1);

      await world.driver.stop({ stopInstances });

      assert.equal(world.reading, 0);
      world.add('line', HELLO);
      await sleep(2 * world.readingMs);
      assert.equal(world.reading, 0);
      assert.deepEqual(readdirSync(join(world.dataDir, 'instances')), []);
    });
  }

  it('opens the admin API only to people that the control plane vouches for', async () => {
    const id = world.add('line', HELLO);
    await world.until(id, 'running');
    const status = async (identity: string | null, method = 'GET') => {
      const headers = {
        'content-type': 'application/json',
        ...(identity !== null && { [IDENTITY_HEADER]: identity }),
      };
      return (await world.fetch(id, '/flows', { method, headers, ...(method === 'POST' && { body: '[]' }) }))
        .status;
    };

    assert.equal(await status(null), 401);
    assert.equal(await status('made-up'), 401);
    assert.equal(await status(world.identity('another1', 'owner')), 401);
    assert.equal(await status(world.identity(id, 'owner', { expires: 1 })), 401);
    assert.equal(await status(world.identity(id, 'dashboard')), 401);
    assert.equal(await status(world.identity(id, 'viewer')), 200);
    assert.equal(await status(world.identity(id, 'viewer'), 'POST'), 401);
    assert.equal(await status(world.identity(id, 'member')), 200);
    assert.equal((await world.fetch(id, '/flows')).headers.get('access-control-allow-origin'), null);
  });

  it('keeps flows from seeing who is at the editor, and passes on what happens there', async () => {
    const code = `msg.payload = String(msg.req.headers['${IDENTITY_HEADER}']); return msg;`;
    const id = world.add('line', buildHttpFlow({ path: '/who', code }));
    await world.until(id, 'running');

    const answer = await world.fetch(id, '/who', {
      headers: { [IDENTITY_HEADER]: world.identity(id, 'owner') },
    });
    assert.equal(await answer.text(), 'undefined');
    await world.deploy(id, HELLO);

    const event = await eventually(() => world.events.find((entry) => entry.event === 'flows.set'));
    assert.equal(event.details.username, 'ada');
  });

  it('reads the log and watches it', async () => {
    const id = world.add('line', buildHttpFlow({ path: '/warn', code: "node.warn('careful'); return msg;" }));
    const seen: string[] = [];
    const stop = world.driver.watchLog(id, (lines) => seen.push(...lines.map(({ text }) => text)));
    await world.until(id, 'running');

    await world.fetch(id, '/warn');

    await eventually(() => seen.some((text) => text.includes('careful')));
    stop();
    const lines = await world.driver.readLog(id, 5);
    assert.ok(lines.at(-1)?.text.includes('careful'));
  });
});
