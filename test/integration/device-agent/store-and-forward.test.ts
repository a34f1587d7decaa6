import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AuditEntryView, FlowNode } from '@flowyard/protocol';
import { eventually } from '../../support/eventually.ts';
import { DeveloperWorld } from './support/developer-world.ts';
import { answeringFlows } from './support/flows.ts';

const WITHIN = { withinMs: 60_000 };

describe('What happens on a device while the control plane is away', function () {
  this.timeout(240_000);
  const world = new DeveloperWorld();

  before(() => world.start());
  afterEach(function () {
    if (this.currentTest?.state === 'failed') {
      process.stdout.write(world.device.output);
    }
  });
  after(() => world.dispose());

  /** What the device has told, in the order in which it happened. */
  async function told(): Promise<AuditEntryView[]> {
    const { items } = await world.admin.call('listDeviceAudit', {
      params: { id: world.deviceId },
      query: { limit: 100 },
    });
    return items.filter(({ details }) => 'deviceTime' in details).reverse();
  }

  const eventsOf = (entries: AuditEntryView[]) => entries.map(({ event }) => event.replace('device.', ''));
  const answers = () => eventually(async () => (await world.device.get('/hello')) === 'here', WITHIN);

  async function startsAgain(): Promise<void> {
    const starts = () => world.device.output.split(' runs in ').length;
    const before = starts();
    world.device.start();
    await eventually(async () => starts() > before, WITHIN);
    await answers();
  }

  /** How often the device has written down that its flows run. */
  function timesRunning(): number {
    const spool = join(world.device.folder, 'spool');
    const files = readdirSync(spool).filter((name) => name.startsWith('events'));
    const text = files.map((name) => readFileSync(join(spool, name), 'utf8')).join('');
    return text.split('"event":"running"').length - 1;
  }

  it('is in the audit log afterwards, in order, once each, although both were killed meanwhile', async () => {
    const snapshotId = await world.release(answeringFlows('here') as FlowNode[]);
    await eventually(async () => eventsOf(await told()).includes('update-committed'), WITHIN);
    const before = (await told()).length;

    await world.plane.end('SIGKILL');
    const awayFrom = Date.now();
    const crashed = await world.device.nodeRedPid();
    const ran = timesRunning();
    await world.device.endNodeRed();
    await eventually(() => timesRunning() > ran, WITHIN);
    assert.notEqual(await world.device.nodeRedPid(), crashed);
    await answers();
    for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
      await world.device.end(signal);
      await startsAgain();
    }
    const awayUntil = Date.now();

    await world.plane.start();
    await world.until(({ presence }) => presence === 'online');
    const expected = /^crashed running agent-started( running)? agent-stopped agent-started running$/;
    const entries = await eventually(async () => {
      const all = (await told()).slice(before);
      assert.match(eventsOf(all).join(' '), expected);
      return all;
    }, WITHIN);

    const runs = entries.filter(({ event }) => /running|agent-started/.test(event));
    assert.ok(runs.every(({ details }) => details.snapshotId === snapshotId));
    const times = entries.map(({ details }) => Date.parse(String(details.deviceTime)));
    assert.deepEqual(
      times,
      [...times].sort((a, b) => a - b),
    );
    // That it runs again may be seen only when the control plane is back.
    assert.ok(times.slice(0, -1).every((time) => time >= awayFrom && time <= awayUntil));
  });
});
