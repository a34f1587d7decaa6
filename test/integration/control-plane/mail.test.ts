import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Knex } from 'knex';
import pino from 'pino';
import { migrate, openDatabase } from '../../../control-plane/src/db/connection.ts';
import { Database } from '../../../control-plane/src/db/database.ts';
import {
  DeliveryQueue,
  Undeliverable,
} from '../../../control-plane/src/features/notifications/delivery-queue.ts';
import { type Mail, Mailer } from '../../../control-plane/src/features/notifications/mailer.ts';
import { Changes } from '../../../control-plane/src/relay/changes.ts';
import { Vault } from '../../../control-plane/src/secrets/vault.ts';
import { eventually } from '../../support/eventually.ts';
import { type MailServer, startMailServer } from '../../support/mail-server.ts';

const LETTER = { to: 'operator@plant.example', subject: 'Line 3 stands still', text: 'Look at line 3.' };

describe('E-mail', () => {
  let folder: string;
  let knex: Knex;
  let db: Database;
  let queue: DeliveryQueue;
  let server: MailServer;
  const vault = new Vault('a secret key for tests, long enough');
  const logger = pino({ level: 'silent' });

  const startQueue = () => {
    queue = new DeliveryQueue({ db, vault, logger });
    const mailer = new Mailer({
      settings: { url: server.url, from: 'Flowyard <yard@plant.example>' },
      db,
      queue,
    });
    queue.use('mail', (mail) => mailer.deliver(mail as Mail));
    return mailer;
  };

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'flowyard-mail-'));
    knex = openDatabase({ file: join(folder, 'test.sqlite') });
    await migrate(knex);
    db = new Database(knex, new Changes(), vault.auditKey);
    server = await startMailServer();
  });
  afterEach(async () => {
    await queue.stop();
    await knex.destroy();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('goes out once the transaction that sends it is committed, and nothing of it is kept', async () => {
    const mailer = startQueue();
    queue.start();

    await mailer.send(LETTER);

    const mail = await server.mailTo(LETTER.to, 'Look at line 3.');
    assert.match(mail.source, /Subject: Line 3 stands still/);
    assert.equal(mail.from, 'yard@plant.example');
    const rows = await eventually(async () => {
      const all = await knex('deliveries').select();
      return all[0].state === 'delivered' && all;
    });
    assert.deepEqual(
      rows.map((row) => [row.payload, row.attempts]),
      [['', 1]],
    );
  });

  it('does not go out when the transaction fails', async () => {
    const mailer = startQueue();
    queue.start();

    const failed = db.transact(async (tx) => {
      await mailer.sendIn(tx, LETTER);
      throw new Error('changed my mind');
    });

    await assert.rejects(failed, /changed my mind/);
    assert.deepEqual(await knex('deliveries').select(), []);
  });

  it('waits sealed for the next process when this one ends, and is then sent', async () => {
    const mailer = startQueue();
    await mailer.send(LETTER);
    await queue.stop();
    const [waiting] = await knex('deliveries').select();
    assert.equal(waiting.payload.includes('Look at'), false);

    startQueue();
    queue.start();

    await server.mailTo(LETTER.to, 'Look at line 3.');
  });

  it('is tried again when the mail server does not take it, and says why', async () => {
    const mailer = startQueue();
    server.refuseNext(1);
    queue.start();
    await mailer.send(LETTER);
    const refused = await eventually(async () => {
      const [row] = await knex('deliveries').select();
      return row.error !== null && row;
    });
    assert.match(refused.error, /451/);
    assert.equal(refused.state, 'waiting');

    await knex('deliveries').update({ next_at: new Date(0).toISOString() });

    await server.mailTo(LETTER.to, 'Look at line 3.');
  });

  it('is given up at once when it can never arrive', async () => {
    startQueue();
    queue.use('mail', async () => {
      throw new Undeliverable('there is no such place');
    });
    queue.start();

    await db.transact((tx) => queue.add(tx, { channel: 'mail', webhookId: null, title: 'x', payload: {} }));

    const failed = await eventually(async () => {
      const [row] = await knex('deliveries').select();
      return row.state === 'failed' && row;
    });
    assert.equal(failed.error, 'there is no such place');
  });

  it('is taken by one process only', async () => {
    const mailer = startQueue();
    const second = new DeliveryQueue({ db, vault, logger });
    second.use('mail', (mail) => mailer.deliver(mail as Mail));
    await Promise.all(
      Array.from({ length: 5 }, (_, i) => mailer.send({ ...LETTER, subject: `Letter ${i}` })),
    );

    queue.start();
    second.start();

    await eventually(() => server.mails.length >= 5);
    await second.stop();
    await queue.stop();
    assert.equal(server.mails.length, 5);
  });
});
