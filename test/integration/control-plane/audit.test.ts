import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { AUDIT_EVENTS, type AuditEntryView } from '@flowyard/protocol';
import type { Knex } from 'knex';
import { openDatabase } from '../../../control-plane/src/db/connection.ts';
import { Database } from '../../../control-plane/src/db/database.ts';
import { AuditService } from '../../../control-plane/src/features/audit/service.ts';
import { Changes } from '../../../control-plane/src/relay/changes.ts';
import { loadSecretKey } from '../../../control-plane/src/secrets/secret-key.ts';
import { Vault } from '../../../control-plane/src/secrets/vault.ts';
import type { ApiClient } from '../../support/api-client.ts';
import { buildApplication, buildInstance, buildMember, uniqueName } from '../../support/builders.ts';
import { type ControlPlaneInProcess, startControlPlane } from '../../support/control-plane.ts';

const MAIN = join(import.meta.dirname, '../../../control-plane/dist/main.js');

/** Runs `flowyard audit verify` as a process of its own, as an administrator would. */
function verifyByCommand(
  cp: ControlPlaneInProcess,
  ...more: string[]
): Promise<{ code: number; text: string }> {
  const database = 'url' in cp.database ? { FLOWYARD_DATABASE_URL: cp.database.url } : {};
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [MAIN, 'audit', 'verify', '--data', cp.dataDir, ...more],
      { env: { PATH: process.env.PATH, ...database }, timeout: 60_000 },
      (error, stdout, stderr) =>
        resolve({
          code: typeof error?.code === 'number' ? error.code : error ? -1 : 0,
          text: stdout + stderr,
        }),
    );
  });
}

/** The service on the same rows, for what the server does by itself once an hour. */
function auditServiceOf(rows: Knex, dataDir: string): AuditService {
  const key = new Vault(loadSecretKey(null, dataDir)).auditKey;
  return new AuditService({ db: new Database(rows, new Changes(), key), key });
}

async function newest(client: ApiClient, teamId: string, event: string): Promise<AuditEntryView> {
  const { items } = await client.call('listTeamAudit', { params: { id: teamId }, query: { event } });
  assert.ok(items[0], `no ${event} in the audit log`);
  return items[0];
}

for (const database of ['sqlite', 'postgres'] as const) {
  describe(`The audit log, on ${database}`, function () {
    this.timeout(120_000);
    let cp: ControlPlaneInProcess;
    let rows: Knex;
    let place: { teamId: string; applicationId: string };

    before(async () => {
      cp = await startControlPlane({ database });
      rows = openDatabase(cp.database);
      place = await buildApplication(cp);
    });
    after(async () => {
      await rows?.destroy();
      await cp?.stop();
    });

    it('says who did what, how, from where, on what, and what it was before and after', async () => {
      const name = uniqueName('Plant');

      await cp.admin.call('updateApplication', { params: { id: place.applicationId }, body: { name } });

      const entry = await newest(cp.admin, place.teamId, 'application.changed');
      assert.equal(entry.actor.name, 'admin');
      assert.equal(entry.via, 'page');
      assert.match(entry.address ?? '', /127\.0\.0\.1|::1/);
      assert.deepEqual([entry.subject.kind, entry.subject.id], ['application', place.applicationId]);
      assert.equal((entry.details.after as { name: string }).name, name);
      assert.notEqual((entry.details.before as { name: string }).name, name);
    });

    it('has five levels, and each shows only what is its own', async () => {
      const other = await buildApplication(cp);
      const instance = await buildInstance(cp, place.applicationId);
      const device = await cp.admin.call('createDevice', {
        params: { id: place.teamId },
        body: { name: uniqueName('device'), applicationId: place.applicationId },
      });

      const platform = await cp.admin.call('listAudit');
      const team = await cp.admin.call('listTeamAudit', { params: { id: place.teamId } });
      const application = await cp.admin.call('listApplicationAudit', {
        params: { id: place.applicationId },
      });
      const ofInstance = await cp.admin.call('listInstanceAudit', { params: { id: instance.id } });
      const ofDevice = await cp.admin.call('listDeviceAudit', { params: { id: device.id } });

      assert.ok(platform.items.some((entry) => entry.teamId === other.teamId));
      assert.ok(platform.items.some((entry) => entry.event === 'user.signed-in'));
      assert.ok(team.items.every((entry) => entry.teamId === place.teamId));
      assert.ok(application.items.every((entry) => entry.applicationId === place.applicationId));
      assert.deepEqual(
        ofInstance.items.map((entry) => entry.event),
        ['instance.created'],
      );
      assert.deepEqual(
        ofDevice.items.map((entry) => entry.event),
        ['device.created'],
      );
    });

    it('shows the log of the platform to administrators only', async () => {
      const { client } = await buildMember(cp, place.teamId, 'owner');

      await client.refused('listAudit', 403);
      await client.refused('exportAudit', 403);
      await client.refused('verifyAudit', 403);
      await cp.visitor().refused('listAudit', 401);
    });

    it('is filtered by event, person, way and time', async () => {
      const { client, userId } = await buildMember(cp, place.teamId, 'owner');
      await client.call('createApplication', {
        params: { id: place.teamId },
        body: { name: uniqueName('A') },
      });
      const params = { id: place.teamId };
      const ask = async (query: Record<string, string>) =>
        (await cp.admin.call('listTeamAudit', { params, query })).items;

      const byConcept = await ask({ event: 'application' });
      const byEvent = await ask({ event: 'application.created' });
      const byPerson = await ask({ actorId: userId });
      const byWay = await ask({ via: 'system' });
      const later = await ask({ from: new Date(Date.now() + 60_000).toISOString() });
      const earlier = await ask({ to: new Date(Date.now() + 60_000).toISOString() });

      assert.ok(byConcept.length > byEvent.length && byEvent.length > 0);
      assert.ok(byConcept.every((entry) => entry.event.startsWith('application.')));
      assert.deepEqual(
        byPerson.map((entry) => entry.event),
        ['application.created'],
      );
      assert.ok(byWay.every((entry) => entry.via === 'system'));
      assert.equal(later.length, 0);
      assert.ok(earlier.length > 0);
    });

    it('refuses a filter that means nothing, and names the field', async () => {
      for (const query of [
        { event: 'x; drop table' },
        { via: 'magic' },
        { from: 'yesterday' },
        { colour: 'red' },
      ]) {
        const error = await cp.admin.refused('listTeamAudit', 422, {
          params: { id: place.teamId },
          query: query as never,
        });
        assert.match(JSON.stringify(error.details), new RegExp(Object.keys(query)[0] ?? ''));
      }
    });

    it('comes as CSV that no office program takes for formulas', async () => {
      const applicationName = '=HYPERLINK("http://example.org","x")';
      await cp.admin.call('createApplication', {
        params: { id: place.teamId },
        body: { name: applicationName },
      });

      const answer = await cp.admin.send('GET', `/teams/${place.teamId}/audit.csv?event=application.created`);

      const text = String(answer.body);
      assert.match(answer.headers.get('content-type') ?? '', /^text\/csv/);
      assert.match(text, /^at,event,who,/);
      assert.match(text, /"'=HYPERLINK/);
      assert.ok(!text.includes('application.changed'));
    });

    it('hides from a person, also in CSV, what an application hides from them', async () => {
      const { client, userId } = await buildMember(cp, place.teamId, 'viewer');
      await cp.admin.call('setApplicationRole', {
        params: { id: place.applicationId, userId },
        body: { role: 'none' },
      });

      const { items } = await client.call('listTeamAudit', { params: { id: place.teamId } });
      const csv = await client.send('GET', `/teams/${place.teamId}/audit.csv`);

      assert.ok(items.length > 0);
      assert.ok(items.every((entry) => entry.applicationId !== place.applicationId));
      assert.ok(!String(csv.body).includes(place.applicationId));
    });

    it('lists every event that it writes in the docs', async () => {
      const { items } = await cp.admin.call('listAudit', { query: { limit: 200 } });

      const unknown = items
        .map((entry) => entry.event)
        .filter(
          (event) => !(event in AUDIT_EVENTS) && !/^(device|editor)\.|^instance\..+-asked$/.test(event),
        );

      assert.deepEqual(unknown, []);
    });

    it('is intact after much was written at once', async () => {
      await Promise.all(
        Array.from({ length: 20 }, () =>
          cp.admin.call('createApplication', {
            params: { id: place.teamId },
            body: { name: uniqueName('A') },
          }),
        ),
      );

      const verified = await cp.admin.call('verifyAudit');
      const command = await verifyByCommand(cp);

      assert.deepEqual(verified.problems, []);
      assert.ok(verified.entries > 20);
      assert.equal(command.code, 0, command.text);
      assert.match(command.text, /is intact: \d+ entries/);
    });

    describe('whose rows somebody changes', () => {
      let entry: { id: string; details: string };
      before(async () => {
        entry = await rows('audit_entries').where({ event: 'application.changed' }).first('id', 'details');
      });

      it('tells that an entry was changed', async () => {
        await rows('audit_entries').where({ id: entry.id }).update({ actor_name: 'somebody else' });

        const { code, text } = await verifyByCommand(cp);

        assert.equal(code, 1);
        assert.match(text, new RegExp(`The entry ${entry.id} .* was changed`));
        await rows('audit_entries').where({ id: entry.id }).update({ actor_name: 'admin' });
        assert.equal((await verifyByCommand(cp)).code, 0);
      });

      it('tells that an entry was removed', async () => {
        const row = await rows('audit_entries').where({ id: entry.id }).first();
        await rows('audit_entries').where({ id: entry.id }).delete();

        const { code, text } = await verifyByCommand(cp);

        assert.equal(code, 1);
        assert.match(text, /was removed, and not by the retention/);
        await rows('audit_entries').insert(row);
        assert.equal((await verifyByCommand(cp)).code, 0);
      });

      it('tells that an entry was slipped in', async () => {
        const row = await rows('audit_entries').where({ id: entry.id }).first();
        await rows('audit_entries').insert({ ...row, id: 'zzzzzzzzzzzzzzzzzzzzzzzzzz' });

        const { code, text } = await verifyByCommand(cp);

        assert.equal(code, 1);
        assert.match(text, /1 entries were slipped in/);
        await rows('audit_entries').where({ id: 'zzzzzzzzzzzzzzzzzzzzzzzzzz' }).delete();
      });

      it('tells that the end was cut off, to whoever kept an earlier head', async () => {
        const { head } = await cp.admin.call('verifyAudit');
        assert.ok(head);
        const link = await rows('audit_chain').where({ sequence: head.sequence }).first();
        const row = await rows('audit_entries').where({ id: link.entry_id }).first();
        await rows('audit_chain').where({ sequence: head.sequence }).delete();
        await rows('audit_entries').where({ id: link.entry_id }).delete();

        assert.equal((await verifyByCommand(cp)).code, 0);
        const { code, text } = await verifyByCommand(cp, '--expect', head.hash);

        assert.equal(code, 1);
        assert.match(text, /the end was cut off/);
        await rows('audit_entries').insert(row);
        await rows('audit_chain').insert(link);
        assert.equal((await verifyByCommand(cp, '--expect', head.hash)).code, 0);
      });
    });
  });
}

describe('The audit log of a team type that keeps 30 days', () => {
  it('loses what is older, and stays intact', async () => {
    const cp = await startControlPlane();
    const rows = openDatabase(cp.database);
    try {
      const { teamId } = await buildApplication(cp);
      const { total } = await cp.admin.call('listTeamAudit', { params: { id: teamId } });
      const type = await rows('team_types').first('id', 'limits');
      await rows('team_types')
        .where({ id: type.id })
        .update({
          limits: JSON.stringify({ ...JSON.parse(type.limits), auditDays: 30 }),
        });

      await auditServiceOf(rows, cp.dataDir).prune(Date.now() + 31 * 24 * 60 * 60_000);

      const { items } = await cp.admin.call('listTeamAudit', { params: { id: teamId } });
      assert.deepEqual(
        items.map((entry) => [entry.event, entry.details.entries]),
        [['audit.pruned', total]],
      );
      const verified = await cp.admin.call('verifyAudit');
      assert.deepEqual([verified.intact, verified.pruned], [true, total]);
    } finally {
      await rows.destroy();
      await cp.stop();
    }
  });
});

describe('flowyard audit', () => {
  it('says how it is used, and that there is no database, with exit code 78', async () => {
    const run = (...args: string[]) =>
      new Promise<{ code: unknown; text: string }>((resolve) => {
        execFile(process.execPath, [MAIN, 'audit', ...args], { timeout: 30_000 }, (error, stdout, stderr) =>
          resolve({ code: error?.code, text: stdout + stderr }),
        );
      });

    const wrong = await run('mend');
    const nothing = await run('verify', '--data', '/nowhere');

    assert.equal(wrong.code, 78);
    assert.match(wrong.text, /flowyard audit verify/);
    assert.equal(nothing.code, 78);
    assert.match(nothing.text, /there is no database/);
  });
});
