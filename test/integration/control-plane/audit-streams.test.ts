import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { AuditStreamView } from '@flowyard/protocol';
import type { Knex } from 'knex';
import { openDatabase } from '../../../control-plane/src/db/connection.ts';
import type { ApiClient } from '../../support/api-client.ts';
import { type AuditReceiver, isSigned, startAuditReceiver } from '../../support/audit-receiver.ts';
import { buildApplication, buildMember, uniqueName } from '../../support/builders.ts';
import { type ControlPlaneInProcess, startControlPlane } from '../../support/control-plane.ts';
import { eventually } from '../../support/eventually.ts';
import { freePort } from '../../support/ports.ts';

const HOUR_MS = 60 * 60_000;

for (const database of ['sqlite', 'postgres'] as const) {
  describe(`Streams of the audit log, on ${database}`, function () {
    this.timeout(60_000);
    let cp: ControlPlaneInProcess;
    let rows: Knex;
    let receiver: AuditReceiver;
    let teamId: string;
    let owner: ApiClient;

    before(async () => {
      cp = await startControlPlane({ database, config: { webhookTargets: 'any' } });
      rows = openDatabase(cp.database);
    });
    after(async () => {
      await rows?.destroy();
      await cp?.stop();
    });
    beforeEach(async () => {
      receiver = await startAuditReceiver();
      ({ teamId } = await buildApplication(cp));
      owner = (await buildMember(cp, teamId, 'owner')).client;
    });
    afterEach(async () => {
      await rows('audit_streams').delete();
      await receiver.stop();
    });

    const make = (client = owner, name = uniqueName('stream')) =>
      client.call('createTeamAuditStream', { params: { id: teamId }, body: { name, url: receiver.url } });
    const params = (stream: AuditStreamView) => ({ params: { id: teamId, streamId: stream.id } });
    const view = async (): Promise<AuditStreamView> => {
      const { items } = await owner.call('listTeamAuditStreams', { params: { id: teamId } });
      assert.ok(items[0]);
      return items[0];
    };
    const change = (count = 1) =>
      Array.from({ length: count }).reduce<Promise<unknown>>(
        (before) =>
          before.then(() =>
            cp.admin.call('updateTeam', { params: { id: teamId }, body: { name: uniqueName('Team') } }),
          ),
        Promise.resolve(),
      );
    /** Waits until all that was written is delivered. */
    const settled = () => eventually(async () => (await view()).waiting === 0, { withinMs: 20_000 });
    const sequences = () => receiver.entries().map(({ sequence }) => sequence);
    const written = async (since: number): Promise<number[]> => {
      const links = await rows('audit_chain')
        .where('team_id', teamId)
        .where('sequence', '>=', since)
        .orderBy('sequence')
        .select('sequence');
      return links.map(({ sequence }) => Number(sequence));
    };

    it('deliver every entry of the team since they were made, in order and signed', async () => {
      await change();
      const { stream, secret } = await make();
      await change(30);
      await settled();
      const { items } = await owner.call('listTeamAudit', { params: { id: teamId }, query: { limit: 100 } });
      const delivered = receiver.entries();
      const now = await view();

      assert.deepEqual(receiver.events(), ['audit-stream.created', ...Array(30).fill('team.changed')]);
      assert.deepEqual(sequences(), await written(delivered[0]?.sequence ?? 0));
      const { sequence, hash, ...entry } = delivered[5] ?? assert.fail();
      const [link] = await rows('audit_chain').where({ sequence }).select('hash');
      assert.deepEqual(
        entry,
        items.find(({ id }) => id === entry.id),
      );
      assert.equal(hash, link.hash);
      assert.ok(receiver.messages.every((message) => isSigned(message, secret)));
      assert.ok(!receiver.messages.some((message) => isSigned(message, `${secret}x`)));
      assert.equal(receiver.messages[0]?.headers['x-flowyard-event'], 'audit');
      assert.equal(receiver.batches()[0]?.streamId, stream.id);
      assert.equal(now.lastDelivered?.sequence, delivered.at(-1)?.sequence);
      assert.equal(now.failing, null);
      assert.ok(!JSON.stringify(now).includes(secret));
    });

    it('deliver nothing of another team; those of the platform deliver all', async () => {
      const platform = await startAuditReceiver();
      try {
        const other = await buildApplication(cp);
        await make();
        const { stream } = await cp.admin.call('createAuditStream', {
          body: { name: 'SIEM', url: platform.url },
        });
        await cp.admin.call('updateTeam', { params: { id: other.teamId }, body: { name: 'Other' } });
        await change();
        await settled();
        await eventually(() => platform.events().filter((event) => event === 'team.changed').length === 2);
        await cp.admin.call('deleteAuditStream', { params: { streamId: stream.id } });

        assert.ok(receiver.entries().every((entry) => entry.teamId === teamId));
        assert.deepEqual(
          platform.entries().map((entry) => entry.teamId),
          [null, other.teamId, teamId],
        );
      } finally {
        await platform.stop();
      }
    });

    it('are made, seen and changed by owners alone, and within their team', async () => {
      const { stream } = await make();
      const member = (await buildMember(cp, teamId, 'member')).client;
      const other = await buildApplication(cp);
      const stranger = (await buildMember(cp, other.teamId, 'owner')).client;
      const elsewhere = { params: { id: other.teamId, streamId: stream.id } };

      await member.refused('listTeamAuditStreams', 403, { params: { id: teamId } });
      await member.refused('testTeamAuditStream', 403, params(stream));
      await stranger.refused('listTeamAuditStreams', 404, { params: { id: teamId } });
      await stranger.refused('updateTeamAuditStream', 404, { ...elsewhere, body: { active: false } });
      await stranger.refused('deleteTeamAuditStream', 404, elsewhere);
      await stranger.refused('testTeamAuditStream', 404, elsewhere);
      await owner.refused('createAuditStream', 403, { body: { name: 'x', url: receiver.url } });
      await cp.admin.refused('deleteAuditStream', 404, { params: { streamId: stream.id } });
      assert.equal((await view()).active, true);
    });

    it('wait while the receiver is away, and go on where they were', async () => {
      const { stream } = await make();
      await settled();
      receiver.answerWith(500);
      await change(3);
      await eventually(async () => (await view()).failing !== null, { withinMs: 10_000 });
      await change(120);
      const away = await view();
      receiver.answerWith(204);
      await owner.call('updateTeamAuditStream', { ...params(stream), body: { active: true } });
      await settled();

      assert.equal(away.failing?.error, 'The receiver answered 500.');
      assert.ok(away.failing.nextAt !== null && away.failing.nextAt > away.failing.since);
      assert.equal(away.waiting, 123);
      assert.equal((await view()).failing, null);
      assert.deepEqual(sequences(), await written(sequences()[0] ?? 0));
      assert.ok(receiver.batches().every(({ entries }) => entries.length <= 100));
    });

    it('are switched off by an answer of 410, which owners are told; on again they go on', async () => {
      const member = (await buildMember(cp, teamId, 'member')).client;
      const { stream } = await make();
      await settled();
      receiver.answerWith(410);
      await change(2);
      await eventually(async () => !(await view()).active, { withinMs: 10_000 });
      const off = await view();
      const told = await owner.call('listNotifications');
      const others = await member.call('listNotifications');
      receiver.answerWith(204);
      await owner.call('updateTeamAuditStream', { ...params(stream), body: { active: true } });
      await settled();
      const after = await owner.call('listNotifications');

      assert.match(off.failing?.error ?? '', /410/);
      assert.equal(off.failing?.nextAt, null);
      assert.deepEqual(
        told.items.map(({ kind, resolvedAt, subject }) => [kind, resolvedAt, subject.id]),
        [['audit-stream.failed', null, stream.id]],
      );
      assert.deepEqual(others.items, []);
      assert.notEqual(after.items[0]?.resolvedAt, null);
      assert.deepEqual(receiver.events().slice(1), [
        'team.changed',
        'team.changed',
        'audit-stream.switched-off',
        'audit-stream.changed',
      ]);
    });

    it('tell the owners once when they have failed for an hour, and when it is over', async () => {
      const { stream } = await make();
      await settled();
      receiver.answerWith(503);
      await change();
      await eventually(async () => (await view()).failing !== null, { withinMs: 10_000 });
      const early = await owner.call('listNotifications');
      const failing_since = new Date(Date.now() - HOUR_MS - 1).toISOString();
      for (const attempts of [2, 3]) {
        await rows('audit_streams').update({ failing_since, next_at: failing_since });
        await change();
        await eventually(async () => (await view()).failing?.attempts === attempts, { withinMs: 20_000 });
      }
      await eventually(async () => (await owner.call('listNotifications')).total > 0);
      const late = await owner.call('listNotifications');
      receiver.answerWith(204);
      await rows('audit_streams').update({ next_at: failing_since });
      await change();
      await settled();
      await eventually(async () => (await owner.call('listNotifications')).items[0]?.resolvedAt !== null);

      assert.equal(early.total, 0);
      assert.deepEqual(
        late.items.map(({ kind, count, subject }) => [kind, count, subject.name]),
        [['audit-stream.failed', 1, stream.name]],
      );
    });

    it('say how many entries retention took before they could be delivered', async () => {
      const { stream } = await make();
      await settled();
      await owner.call('updateTeamAuditStream', { ...params(stream), body: { active: false } });
      const before = (await written(0)).at(-1) ?? 0;
      await change(130);
      const pruned = rows('audit_chain')
        .where('team_id', teamId)
        .where('sequence', '>', before)
        .orderBy('sequence')
        .limit(125)
        .select('entry_id');
      await rows('audit_entries').whereIn('id', pruned).delete();
      const count = receiver.entries().length;
      await owner.call('updateTeamAuditStream', { ...params(stream), body: { active: true } });
      await settled();
      const delivered = receiver.entries().slice(count);
      const missing = receiver.batches().reduce((sum, batch) => sum + batch.missing, 0);

      // The switching off itself was not delivered before, or was, as it happened.
      assert.equal(missing, 125);
      assert.deepEqual(
        delivered.map(({ event }) => event).filter((event) => event === 'team.changed').length,
        5,
      );
      assert.equal(delivered.at(-1)?.event, 'audit-stream.changed');
    });

    it('deliver again from a time on, and skip nothing', async () => {
      await change(3);
      const { stream } = await make();
      await settled();
      const from = '2020-01-01T00:00:00Z';
      await owner.refused('replayTeamAuditStream', 422, {
        ...params(stream),
        body: { from: new Date(Date.now() + HOUR_MS).toISOString() },
      });
      const first = receiver.entries().length;
      await owner.call('replayTeamAuditStream', { ...params(stream), body: { from } });
      await settled();

      assert.equal(first, 1);
      assert.deepEqual(sequences().slice(first), await written(0));
      assert.ok(receiver.events().includes('audit-stream.replayed'));
    });

    it('are tried with an empty batch, which says what the receiver answered', async () => {
      const { stream, secret } = await make();
      await settled();
      const good = await owner.call('testTeamAuditStream', params(stream));
      const message = receiver.messages.find(({ headers }) => headers['x-flowyard-event'] === 'test');
      receiver.answerWith(302);
      const bad = await owner.call('testTeamAuditStream', params(stream));

      assert.deepEqual(good, { delivered: true, error: null });
      assert.deepEqual(bad, { delivered: false, error: 'The receiver answered 302.' });
      assert.ok(message && isSigned(message, secret));
      assert.deepEqual(JSON.parse(message.body), { streamId: stream.id, missing: 0, entries: [] });
    });

    it('end when they are deleted, and what is written down names no more than the host', async () => {
      const { stream } = await make();
      await settled();
      const url = `${receiver.url}?key=hidden`;
      await owner.call('updateTeamAuditStream', { ...params(stream), body: { url, name: 'New name' } });
      await settled();
      await owner.call('deleteTeamAuditStream', params(stream));
      const count = receiver.messages.length;
      await change();
      const { items } = await owner.call('listTeamAudit', {
        params: { id: teamId },
        query: { event: 'audit-stream' },
      });

      assert.equal(receiver.messages.length, count);
      assert.deepEqual(
        items.map(({ event }) => event),
        ['audit-stream.deleted', 'audit-stream.changed', 'audit-stream.created'],
      );
      assert.ok(!JSON.stringify(items).includes('hidden'));
      await owner.refused('testTeamAuditStream', 404, params(stream));
    });

    it('are at most five of a team, also when two are made at once', async () => {
      for (let made = 0; made < 4; made++) {
        await make();
      }
      const answers = await Promise.allSettled([make(), make()]);
      const error = await owner.refused('createTeamAuditStream', 409, {
        params: { id: teamId },
        body: { name: 'one more', url: receiver.url },
      });

      assert.deepEqual(answers.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
      assert.equal(error.code, 'too_many');
    });

    it('are taken by the receiver that the docs show, and what is not signed is not', async () => {
      const docs = readFileSync(join(import.meta.dirname, '../../../docs/audit.md'), 'utf8');
      const code = /```js\n([\s\S]+?)```/.exec(docs)?.[1] ?? assert.fail('no receiver in the docs');
      const port = await freePort();
      const { stream, secret } = await make();
      await settled();
      const program = spawn(
        process.execPath,
        ['--input-type=module', '-e', code.replace('8080', `${port}`)],
        { env: { PATH: process.env.PATH, AUDIT_SECRET: secret } },
      );
      try {
        const lines: string[] = [];
        createInterface({ input: program.stdout }).on('line', (line) => lines.push(line));
        const url = `http://127.0.0.1:${port}/`;
        await eventually(() => fetch(url, { method: 'POST', body: '{}' }).catch(() => false), {
          withinMs: 10_000,
        });
        const { status } = await fetch(url, {
          method: 'POST',
          body: '{"missing":0,"entries":[]}',
          headers: { 'x-flowyard-signature': `t=${Math.floor(Date.now() / 1000)},v1=${'0'.repeat(64)}` },
        });
        await owner.call('updateTeamAuditStream', { ...params(stream), body: { url } });
        await change(2);
        await settled();
        await eventually(() => lines.length === 3);

        assert.equal(status, 401);
        assert.deepEqual(
          lines.map((line) => JSON.parse(line).event),
          ['audit-stream.changed', 'team.changed', 'team.changed'],
        );
      } finally {
        program.kill();
      }
    });

    it('refuse addresses that are none', async () => {
      for (const url of ['ftp://x.example/', 'http://a:b@x.example/', 'nothing', '']) {
        const error = await owner.refused('createTeamAuditStream', 422, {
          params: { id: teamId },
          body: { name: 'x', url },
        });
        assert.ok(JSON.stringify(error).includes('"url"'), url);
      }
    });
  });
}
