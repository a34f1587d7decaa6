import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Knex } from 'knex';
import pino from 'pino';
import { auditActor, SYSTEM } from '../../../control-plane/src/access/actor.ts';
import { migrate, openDatabase } from '../../../control-plane/src/db/connection.ts';
import { Database } from '../../../control-plane/src/db/database.ts';
import { AuditStreamSender } from '../../../control-plane/src/features/audit-streams/sender.ts';
import { AuditStreamer } from '../../../control-plane/src/features/audit-streams/streamer.ts';
import type { NotificationService } from '../../../control-plane/src/features/notifications/notification-service.ts';
import { createPostJson } from '../../../control-plane/src/features/notifications/post-json.ts';
import { newId } from '../../../control-plane/src/ids.ts';
import { Changes } from '../../../control-plane/src/relay/changes.ts';
import { Vault } from '../../../control-plane/src/secrets/vault.ts';
import { type AuditReceiver, startAuditReceiver } from '../../support/audit-receiver.ts';
import { buildApplication, uniqueName } from '../../support/builders.ts';
import { ControlPlaneProcess } from '../../support/control-plane-process.ts';
import { eventually } from '../../support/eventually.ts';
import { freshPostgres, type TestDatabase } from '../../support/postgres.ts';

const ascending = (numbers: number[]) => [...new Set(numbers)].sort((a, b) => a - b);

describe('A stream of the audit log whose control plane is killed', function () {
  this.timeout(120_000);
  const cp = new ControlPlaneProcess({ FLOWYARD_WEBHOOK_TARGETS: 'any' });
  let receiver: AuditReceiver;
  before(async () => {
    receiver = await startAuditReceiver();
  });
  after(async () => {
    await cp.stop();
    await receiver?.stop();
  });

  it('goes on where it was, with all that was written while the receiver was away', async () => {
    await cp.start();
    const { teamId } = await buildApplication(cp);
    const { stream } = await cp.admin.call('createTeamAuditStream', {
      params: { id: teamId },
      body: { name: 'SIEM', url: receiver.url },
    });
    const rename = () =>
      cp.admin.call('updateTeam', { params: { id: teamId }, body: { name: uniqueName('Team') } });
    const waiting = async () => {
      const { items } = await cp.admin.call('listTeamAuditStreams', { params: { id: teamId } });
      return items[0]?.waiting;
    };
    await rename();
    await eventually(async () => (await waiting()) === 0);
    // The attempt is under way when the process is killed: its lease stays.
    receiver.answerNever();
    const asked = receiver.messages.length;
    for (let i = 0; i < 5; i++) {
      await rename();
    }
    await eventually(() => receiver.messages.length > asked);
    await cp.end('SIGKILL');
    receiver.answerWith(500);
    await cp.start();
    await rename();
    await eventually(() => receiver.messages.at(-1)?.status === 500, { withinMs: 20_000 });
    await cp.end('SIGTERM');
    receiver.answerWith(204);
    await cp.start();
    await eventually(async () => (await waiting()) === 0, { withinMs: 30_000 });

    const sequences = receiver.entries().map(({ sequence }) => sequence);
    assert.deepEqual(sequences, ascending(sequences));
    assert.deepEqual(receiver.events(), ['audit-stream.created', ...Array(7).fill('team.changed')]);
    assert.equal(receiver.batches().at(-1)?.streamId, stream.id);
  });
});

describe('A stream of the audit log that several processes could deliver', function () {
  this.timeout(60_000);
  const vault = new Vault('a secret key for tests, long enough');
  let postgres: TestDatabase;
  let receiver: AuditReceiver;
  let knexes: Knex[];
  let processes: Array<{ db: Database; streamer: AuditStreamer }>;

  beforeEach(async () => {
    postgres = await freshPostgres();
    receiver = await startAuditReceiver();
    knexes = [openDatabase({ url: postgres.url }), openDatabase({ url: postgres.url })];
    await migrate(knexes[0] as Knex);
    processes = knexes.map((knex) => {
      const changes = new Changes();
      const db = new Database(knex, changes, vault.auditKey);
      const sender = new AuditStreamSender({ vault, post: createPostJson('any') });
      const notifications = {} as NotificationService;
      const logger = pino({ level: 'silent' });
      return {
        db,
        streamer: new AuditStreamer({ db, changes, sender, notifications, logger, leaseMs: 3000 }),
      };
    });
    await processes[0]?.db.stores.auditStreams.insert({
      id: newId(),
      teamId: null,
      name: 'SIEM',
      url: receiver.url,
      secret: vault.seal('secret'),
      cursor: 0,
      createdAt: new Date().toISOString(),
    });
    for (const { streamer } of processes) {
      await streamer.start();
      streamer.wake();
    }
  });
  afterEach(async () => {
    for (const { streamer } of processes) {
      await streamer.stop();
    }
    for (const knex of knexes) {
      await knex.destroy();
    }
    await receiver.stop();
    await postgres.drop();
  });

  const write = (db: Database, waitMs = 0) =>
    db.transact(async (tx) => {
      await tx.audit({
        event: 'platform.changed',
        actor: auditActor(SYSTEM),
        teamId: null,
        applicationId: null,
        subject: { kind: 'platform', id: 'platform', name: 'Platform' },
      });
      await sleep(waitMs);
    });

  it('is delivered by one at a time, whole and in order, while both write', async () => {
    const count = 300;
    const all = Array.from({ length: count }, (_, index) => index);
    // Transactions take differently long, so that they commit in another order than they began.
    const writes = processes.map(({ db }, index) =>
      all
        .filter((number) => number % 2 === index)
        .reduce((before, number) => before.then(() => write(db, number % 7)), Promise.resolve()),
    );
    const more = processes.flatMap(({ db }) => all.slice(0, 60).map((number) => write(db, number % 40)));
    await Promise.all([...writes, ...more]);
    await eventually(() => receiver.entries().length >= count + 120, { withinMs: 30_000 });

    const sequences = receiver.entries().map(({ sequence }) => sequence);
    assert.deepEqual(
      sequences,
      Array.from({ length: count + 120 }, (_, index) => index + 1),
    );
    assert.ok(receiver.batches().length > 2, `${receiver.batches().length} batches`);
  });

  it('is taken over from a process that ended without a word', async () => {
    const [one] = processes;
    assert.ok(one);
    const later = new Date(Date.now() + 2000).toISOString();
    await knexes[0]?.('audit_streams').update({ lease_owner: 'gone', lease_until: later });
    await write(one.db);
    await sleep(1000);
    const early = receiver.messages.length;
    await eventually(() => receiver.entries().length === 1, { withinMs: 20_000 });

    assert.equal(early, 0);
    assert.ok(new Date().toISOString() > later);
  });
});
