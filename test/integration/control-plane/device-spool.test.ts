import assert from 'node:assert/strict';
import { AgentClient } from '../../support/agent-client.ts';
import { buildApplication, uniqueName } from '../../support/builders.ts';
import { type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';
import { eventually } from '../../support/eventually.ts';

const MINUTE_MS = 60_000;

for (const database of ['sqlite', 'postgres'] as const) {
  describe(`What devices deliver after they were away, on ${database}`, () => {
    let cp: RunningControlPlane;
    let place: { teamId: string; applicationId: string };
    let agent: AgentClient;
    let id: string;

    before(async () => {
      cp = await startControlPlane({ database });
      place = await buildApplication(cp);
    });
    beforeEach(async () => {
      const { device, credentials } = await cp.admin.call('createDevice', {
        params: { id: place.teamId },
        body: { name: uniqueName('Gateway'), applicationId: place.applicationId },
      });
      id = device.id;
      agent = await AgentClient.connect(cp.url, credentials.token);
      agent.hello({ capabilities: ['spool', 'read-log'] });
    });
    afterEach(() => agent?.close());
    after(() => cp?.stop());

    const entry = (seq: number, body: object, facts: { at?: string; ageMs?: number } = {}) => ({
      seq,
      at: facts.at ?? '2026-01-02T03:04:05.000Z',
      ageMs: facts.ageMs ?? null,
      body,
    });
    const send = (stream: 'events' | 'metrics', entries: object[], epoch = 'e1') =>
      agent.send({ type: 'spool', epoch, stream, entries });
    const acknowledged = (seq: number, epoch = 'e1') =>
      eventually(() =>
        agent.commands.some(
          (command) => command.type === 'spool-ack' && command.seq === seq && command.epoch === epoch,
        ),
      );
    const audited = async () => {
      const { items } = await cp.admin.call('listDeviceAudit', { params: { id } });
      return items
        .filter(({ actor }) => actor.kind === 'device')
        .reverse()
        .map(({ event, details }) => ({ event, details: details as Record<string, unknown> }));
    };

    it('is in the audit log in its order, once each, with the time of the device', async () => {
      const started = { event: 'agent-started', details: { agentVersion: '0.1.0' } };
      send('events', [entry(1, started), entry(2, { event: 'crashed', details: { reason: 'It ended.' } })]);
      await acknowledged(2);
      // As when the acknowledgement did not arrive.
      send('events', [
        entry(1, started),
        entry(2, { event: 'crashed', details: {} }),
        entry(3, { event: 'running', details: {} }),
      ]);
      await acknowledged(3);

      const found = await audited();
      assert.deepEqual(
        found.map(({ event }) => event),
        ['device.agent-started', 'device.crashed', 'device.running'],
      );
      assert.deepEqual(found[1]?.details, { reason: 'It ended.', deviceTime: '2026-01-02T03:04:05.000Z' });
    });

    it('is missed when it was lost, and numbers begin anew with a new folder', async () => {
      send('events', [entry(5, { event: 'running' }), entry(8, { event: 'stopped' })]);
      await acknowledged(8);
      const lost = (await audited()).find(({ event }) => event === 'device.spool-lost');
      assert.deepEqual(lost?.details, { stream: 'events', lost: 6 });

      send('events', [entry(1, { event: 'running' })], 'e2');
      await acknowledged(1, 'e2');
      assert.equal((await audited()).filter(({ event }) => event === 'device.running').length, 2);
    });

    it('names no event of others, and holds nothing up when it is not understood', async () => {
      send('events', [
        entry(1, { event: 'deleted', details: {} }),
        entry(2, { event: 7 }),
        entry(3, { event: 'running', details: { text: 'x'.repeat(20_000) } }),
      ]);
      await acknowledged(3);
      assert.deepEqual(
        (await audited()).map(({ event, details: { deviceTime: _, ...details } }) => [event, details]),
        [
          ['device.reported', { event: 'deleted' }],
          ['device.running', { leftOut: 'too long' }],
        ],
      );
    });

    it('is not doubled by the states that such a device tells', async () => {
      agent.state({ state: 'running' });
      await eventually(
        async () => (await cp.admin.call('getDevice', { params: { id } })).state === 'running',
      );
      assert.deepEqual(await audited(), []);
    });

    it('has the end of the log with each failure, for when the device is away', async () => {
      const log = [{ at: '2026-01-02T03:04:04.000Z', level: 'error', text: 'the cause' }];
      for (let seq = 1; seq <= 12; seq++) {
        send('events', [entry(seq, { event: 'crashed', details: { reason: `crash ${seq}` }, log })]);
      }
      await acknowledged(12);
      agent.close();
      const { items } = await cp.admin.call('listDeviceFailures', { params: { id } });
      assert.equal(items.length, 10);
      assert.deepEqual([items[0]?.reason, items[0]?.log, items[9]?.reason], ['crash 12', log, 'crash 3']);
    });

    it('leaves its log where it is, to be searched while the device is connected', async () => {
      const line = { at: '2026-01-02T03:04:04.000Z', level: 'error', text: 'the cause' };
      await eventually(
        async () => (await cp.admin.call('getDevice', { params: { id } })).presence === 'online',
      );
      const searched = cp.admin.call('getDeviceLogs', {
        params: { id },
        query: { lines: 50, level: 'error', search: 'cause' },
      });
      const asked = await eventually(() => agent.commands.find((command) => command.type === 'read-log'));
      assert.ok(asked.type === 'read-log');
      assert.deepEqual([asked.lines, asked.level, asked.search], [50, 'error', 'cause']);
      agent.send({ type: 'log-lines', id: 'another', lines: [] });
      agent.send({ type: 'log-lines', id: asked.id, lines: [line] });
      assert.deepEqual((await searched).items, [line]);
    });

    it('is the metrics of the minutes away, at the right time when the clock of the device is wrong', async () => {
      const figures = {
        cpuPercent: 12.5,
        memoryBytes: 5_000_000_000,
        eventLoopDelayMs: 3,
        messages: 60,
        requests: 2,
      };
      const now = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;
      const at = (minutes: number) => new Date(now - minutes * MINUTE_MS).toISOString();
      send('metrics', [
        entry(1, figures, { at: at(30) }),
        entry(2, figures, { at: '1970-01-01T00:10:00.000Z', ageMs: Date.now() - now + 20 * MINUTE_MS }),
        entry(3, figures, { at: '1970-01-01T00:10:00.000Z' }),
        entry(4, { cpuPercent: 'hot' }, { at: at(5) }),
        entry(5, figures, { at: at(3) }),
        entry(6, { ...figures, messages: 1 }, { at: at(3) }),
      ]);
      await acknowledged(6);
      send('metrics', [entry(5, figures, { at: at(3) })]);
      await acknowledged(6);

      const { items, memoryLimitBytes } = await cp.admin.call('getDeviceMetrics', { params: { id } });
      assert.deepEqual(
        items.map(({ at: time, messages }) => [time, messages]),
        [
          [at(30), 60],
          [at(20), 60],
          [at(3), 61],
        ],
      );
      assert.deepEqual([items[0]?.memoryBytes, memoryLimitBytes], [5_000_000_000, null]);
    });
  });
}
