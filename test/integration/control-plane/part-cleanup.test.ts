import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import fc from 'fast-check';
import type { Knex } from 'knex';
import type { Logger } from 'pino';
import { openDatabase } from '../../../control-plane/src/db/connection.ts';
import { fillSnapshotParts } from '../../../control-plane/src/db/migrations/074-part-references.ts';
import { BlobStore } from '../../../control-plane/src/features/snapshots/blob-store.ts';
import { GRACE_MS, PartCleanup } from '../../../control-plane/src/features/snapshots/part-cleanup.ts';
import { PartCleanupStore } from '../../../control-plane/src/features/snapshots/part-cleanup-store.ts';
import { PART_REFERENCES } from '../../../control-plane/src/features/snapshots/part-references.ts';
import { SnapshotStore } from '../../../control-plane/src/features/snapshots/store.ts';
import { newId } from '../../../control-plane/src/ids.ts';
import { buildApplication, buildInstance, deploy } from '../../support/builders.ts';
import { type ControlPlaneInProcess, startControlPlane } from '../../support/control-plane.ts';

/** An error in the cleanup fails the test. */
const FAILING = {
  error: ({ err }: { err: Error }) => {
    throw err;
  },
} as unknown as Logger;
/** Columns that hold a digest and keep no part: names of the parts themselves, and of other things. */
const NOT_REFERENCES = [
  'audit_chain.digest',
  'audit_entries.digest',
  'blobs.digest',
  'blueprints.shipped_digest',
  'chunk_lists.digest',
  'chunks.digest',
  'instances.indexed_digest',
  'lost_parts.digest',
  'orphaned_blobs.digest',
];

for (const database of ['sqlite', 'postgres'] as const) {
  describe(`Parts that nothing refers to, on ${database}`, function () {
    this.timeout(120_000);
    let cp: ControlPlaneInProcess;
    let rows: Knex;
    let teamId: string;
    let applicationId: string;
    let cleanup: PartCleanup;
    before(async () => {
      cp = await startControlPlane({ database });
      rows = openDatabase(cp.database);
      ({ teamId, applicationId } = await buildApplication(cp));
      cleanup = new PartCleanup({
        db: { stores: { partCleanup: new PartCleanupStore(rows) } } as never,
        logger: FAILING,
      });
    });
    after(async () => {
      await rows?.destroy();
      await cp?.stop();
    });

    /** As if all this had happened so much earlier. */
    const age = async (ms: number) => {
      for (const [table, column] of [
        ['blobs', 'used_at'],
        ['chunks', 'used_at'],
        ['orphaned_blobs', 'since'],
      ] as const) {
        const times: Array<{ time: string }> = await rows(table).distinct({ time: column });
        for (const { time } of times.sort((a, b) => a.time.localeCompare(b.time))) {
          const earlier = new Date(Date.parse(time) - ms).toISOString();
          await rows(table)
            .where(column, time)
            .update({ [column]: earlier });
        }
      }
    };
    const cleanTwice = async () => {
      await age(GRACE_MS + 1000);
      await cleanup.run();
      await age(GRACE_MS + 1000);
      await cleanup.run();
    };
    const exists = async (digest: string) =>
      (await rows('blobs').where({ digest }).first('digest')) !== undefined;
    /** A snapshot with these bytes as its flows. */
    const keep = async (knex: Knex, part: Buffer): Promise<string> => {
      const digest = await new BlobStore(knex).put(part);
      const id = newId();
      await new SnapshotStore(knex).insert({
        id,
        teamId,
        applicationId,
        instanceId: 'none',
        deviceId: null,
        ownerName: 'owner',
        name: 'snapshot',
        description: '',
        kind: 'manual',
        author: 'tests',
        manifest: JSON.stringify({ flows: digest, credentials: null }),
        lockProblem: null,
        flows: 0,
        nodes: 0,
        blueprintId: null,
        blueprintVersion: null,
        createdAt: new Date().toISOString(),
      });
      return id;
    };
    /** Some small, some in chunks that others have, too. */
    const partOf = (n: number) =>
      Buffer.from(
        Array.from(
          { length: n % 3 === 0 ? 10 : 1500 },
          (_value, line) => `${line === 700 ? n : ''} line ${line}`,
        )
          .join('\n')
          .concat(n % 3 === 0 ? String(n) : ''),
      );

    it('are deleted when that is so for a day, with the chunks that no other part has', async () => {
      const instance = await buildInstance(cp, applicationId);
      const nodes = (name: string) =>
        Array.from({ length: 500 }, (_value, index) => ({
          id: `node${index}`,
          type: 'comment',
          z: 'tab',
          name: index === 250 ? name : `Comment ${index}`,
          info: 'A comment that is as long as comments are, so that the flows are kept in chunks.',
        }));
      await deploy(cp, instance.id, nodes('first'));
      const { flows_digest: first } = await rows('instances')
        .where({ id: instance.id })
        .first('flows_digest');
      await deploy(cp, instance.id, nodes('second'));
      const { flows_digest: second } = await rows('instances')
        .where({ id: instance.id })
        .first('flows_digest');
      const chunks = async () => Number((await rows('chunks').count({ n: '*' }).first())?.n);
      const before = await chunks();

      await cleanup.run();
      assert.ok(await exists(first));
      await age(GRACE_MS + 1000);
      await cleanup.run();
      assert.ok(await exists(first));
      await age(GRACE_MS + 1000);
      await cleanup.run();

      assert.ok(!(await exists(first)));
      assert.ok(await exists(second));
      const gone = before - (await chunks());
      assert.ok(gone > 0 && gone <= 4, `${gone} chunks are gone`);
      const { flows } = await cp.admin.call('getFlows', { params: { id: instance.id } });
      assert.deepEqual(flows, nodes('second'));
    });

    it('stay when they are put again before that day is over', async () => {
      const part = partOf(1001);
      const id = await keep(rows, part);
      const digest = await new BlobStore(rows).put(part);
      await rows('snapshots').where({ id }).delete();
      await age(GRACE_MS + 1000);
      await cleanup.run();
      await age(GRACE_MS - 60_000);
      await new BlobStore(rows).put(part);
      await age(120_000);
      await cleanup.run();
      assert.deepEqual(await new BlobStore(rows).get(digest), part);
      await cleanTwice();
      assert.ok(!(await exists(digest)));
    });

    it('are never those that something refers to, whatever is kept, deleted and cleaned up in which order', async () => {
      const step = fc.oneof(
        fc.record({ do: fc.constant('keep' as const), part: fc.nat(8) }),
        fc.record({ do: fc.constant('delete' as const), part: fc.nat(8) }),
        fc.record({ do: fc.constant('clean' as const), part: fc.constantFrom(0, 1, 30) }),
      );
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
          const kept: Array<{ id: string; part: number }> = [];
          for (const { do: what, part } of steps) {
            if (what === 'keep') {
              kept.push({ id: await rows.transaction((trx) => keep(trx, partOf(part))), part });
            } else if (what === 'delete') {
              const [gone] = kept.splice(part % Math.max(1, kept.length), 1);
              await rows('snapshots')
                .where({ id: gone?.id ?? '' })
                .delete();
            } else {
              await age(part * 3600_000);
              await cleanup.run();
            }
          }
          for (const { id, part } of kept) {
            const { manifest } = await rows('snapshots').where({ id }).first('manifest');
            assert.deepEqual(await new BlobStore(rows).get(JSON.parse(manifest).flows), partOf(part));
          }
          await rows('snapshots').where({ owner_name: 'owner' }).delete();
        }),
        { numRuns: 15, endOnFailure: true },
      );
    });

    it('stay when they are put in the very moment in which they are to be deleted', async () => {
      for (let round = 0; round < 5; round++) {
        const parts = Array.from({ length: 20 }, (_value, n) => partOf(round * 100 + n));
        for (const part of parts) {
          await rows('snapshots')
            .where({ id: await keep(rows, part) })
            .delete();
        }
        await age(GRACE_MS + 1000);
        await cleanup.run();
        await age(GRACE_MS + 1000);

        const others = new PartCleanup({
          db: { stores: { partCleanup: new PartCleanupStore(rows) } } as never,
          logger: FAILING,
        });
        const keeping = parts.map(async (part) => {
          await new Promise((resolve) => setTimeout(resolve, randomInt(10)));
          const id = await rows.transaction((trx) => keep(trx, part));
          return { id, part };
        });
        await Promise.all([cleanup.run(), others.run()]);
        const kept = await Promise.all(keeping);
        await Promise.all([cleanup.run(), others.run()]);

        for (const { id, part } of kept) {
          const { manifest } = await rows('snapshots').where({ id }).first('manifest');
          assert.deepEqual(await new BlobStore(rows).get(JSON.parse(manifest).flows), part);
        }
      }
    });

    it('are not those of snapshots that an earlier version kept', async () => {
      for (let n = 0; n < 210; n++) {
        await keep(rows, partOf(3 * n));
      }
      const all = () => rows('snapshot_parts').orderBy(['snapshot_id', 'digest']).select();
      const before = await all();
      assert.ok(before.length >= 210);
      await rows('snapshot_parts').delete();
      await rows.transaction(fillSnapshotParts);
      assert.deepEqual(await all(), before);
    });

    it('are known by every column of the database that holds a digest', async () => {
      const known = [...PART_REFERENCES.map(({ table, column }) => `${table}.${column}`), ...NOT_REFERENCES];
      const columns: Array<{ name: string }> =
        database === 'sqlite'
          ? await rows.raw(
              "select m.name || '.' || p.name as name from sqlite_master m, pragma_table_info(m.name) p where m.type = 'table' and p.name like '%digest'",
            )
          : (
              await rows.raw(
                "select table_name || '.' || column_name as name from information_schema.columns where table_schema = 'public' and column_name like '%digest'",
              )
            ).rows;
      assert.ok(columns.length > 8);
      const unknown = columns.map(({ name }) => name).filter((name) => !known.includes(name));
      assert.deepEqual(
        unknown,
        [],
        'a column that refers to a part belongs into PART_REFERENCES, another one into NOT_REFERENCES',
      );
    });
  });
}
