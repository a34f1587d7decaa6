import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Knex } from 'knex';
import { migrate, openDatabase } from '../../../control-plane/src/db/connection.ts';
import { Database } from '../../../control-plane/src/db/database.ts';
import { BlobStore, digestOf } from '../../../control-plane/src/features/snapshots/blob-store.ts';
import { cutChunks } from '../../../control-plane/src/features/snapshots/cut-chunks.ts';
import { Changes } from '../../../control-plane/src/relay/changes.ts';
import { buildApplication, buildInstance, uniqueName } from '../../support/builders.ts';
import { type ControlPlaneInProcess, startControlPlane } from '../../support/control-plane.ts';
import { eventually } from '../../support/eventually.ts';

for (const database of ['sqlite', 'postgres'] as const) {
  describe(`The parts of snapshots, on ${database}`, function () {
    this.timeout(60_000);
    let cp: ControlPlaneInProcess;
    let rows: Knex;
    before(async () => {
      cp = await startControlPlane({ database });
      rows = openDatabase(cp.database);
    });
    after(async () => {
      await rows?.destroy();
      await cp?.stop();
    });

    /** Keeps a part and gives its stored bytes over to be damaged. */
    const damage = async (part: Buffer, harm: (stored: Buffer) => Buffer) => {
      const digest = await new BlobStore(rows).put(part);
      const { bytes } = await rows('blobs').where({ digest }).first('bytes');
      await rows('blobs')
        .where({ digest })
        .update({ bytes: harm(bytes) });
      return digest;
    };

    it('are named when they cannot be unpacked', async () => {
      const digest = await damage(Buffer.from('cut off in the middle'), (stored) => stored.subarray(0, 12));
      await assert.rejects(new BlobStore(rows).get(digest), {
        message: new RegExp(`^The part ${digest} is damaged in the database\\. `),
      });
    });

    it('are named when they hold the bytes of another part', async () => {
      const other = await new BlobStore(rows).put(Buffer.from('another part'));
      const { bytes } = await rows('blobs').where({ digest: other }).first('bytes');
      const digest = await damage(Buffer.from('this part'), () => bytes);
      await assert.rejects(new BlobStore(rows).get(digest), {
        message: new RegExp(`^The part ${digest} is damaged in the database\\. `),
      });
    });

    it('are mended when the same bytes are kept again', async () => {
      const part = Buffer.from('kept twice');
      const digest = await damage(part, () => Buffer.from('nothing that unpacks'));
      assert.equal(await new BlobStore(rows).put(part), digest);
      assert.deepEqual(await new BlobStore(rows).get(digest), part);
    });

    describe('that are large', () => {
      /** 300 kB that nothing else has, in lines as flows have nodes. */
      const largePart = () => {
        const seed = randomBytes(8).toString('hex');
        return Array.from(
          { length: 6000 },
          (_value, index) => `${seed} ${index} a node of a flow and its name`,
        );
      };
      const bytesOf = (lines: string[]) => Buffer.from(lines.join('\n'));
      const chunkIds = async (digest: string): Promise<number[]> =>
        (
          await rows('chunk_lists as l')
            .join('chunk_list_items as i', 'i.list_id', 'l.id')
            .where('l.digest', digest)
            .orderBy('i.position')
            .select<Array<{ id: number }>>({ id: 'i.chunk_id' })
        ).map(({ id }) => id);

      it('have most of their chunks in common when they differ in one place', async () => {
        const lines = largePart();
        const before = await chunkIds(await new BlobStore(rows).put(bytesOf(lines)));
        lines[3000] = 'another node';
        const digest = await new BlobStore(rows).put(bytesOf(lines));

        const after = await chunkIds(digest);
        assert.ok(before.length >= 8, `${before.length} chunks`);
        const others = after.filter((id) => !before.includes(id)).length;
        assert.ok(others <= before.length / 2, `${others} of ${before.length} are others`);
        assert.deepEqual(await new BlobStore(rows).get(digest), bytesOf(lines));
      });

      it('are read though they were kept whole by an earlier version', async () => {
        const part = bytesOf(largePart());
        const digest = digestOf(part);
        const created_at = new Date().toISOString();
        await rows('blobs').insert({ digest, bytes: gzipSync(part), size: part.length, created_at });
        assert.deepEqual(await new BlobStore(rows).get(digest), part);
        assert.equal(await new BlobStore(rows).put(part), digest);
        assert.deepEqual(await new BlobStore(rows).get(digest), part);
      });

      it('are named when a chunk of them is damaged or missing, and mended when they are put again', async () => {
        const part = bytesOf(largePart());
        const digest = await new BlobStore(rows).put(part);
        const ids = await chunkIds(digest);
        const harms = [
          () =>
            rows('chunks')
              .where({ id: ids[2] })
              .update({ bytes: Buffer.from('nothing that unpacks') }),
          () =>
            rows('chunks')
              .where({ id: ids[3] })
              .update({ bytes: gzipSync('another chunk') }),
          () => rows('chunk_list_items').where({ chunk_id: ids[4] }).delete(),
          () => rows('chunk_lists').where({ digest }).delete(),
        ];
        for (const harm of harms) {
          await harm();
          await assert.rejects(new BlobStore(rows).get(digest, 'snapshot Monday'), {
            code: 'part_lost',
            message: new RegExp(`^The part ${digest} of snapshot Monday is damaged in the database\\. `),
          });
          await new BlobStore(rows).put(part);
          assert.deepEqual(await new BlobStore(rows).get(digest), part);
        }
      });

      it('are mended with the chunks of another part that has the same', async () => {
        const lines = largePart();
        const digest = await new BlobStore(rows).put(bytesOf(lines));
        const [, , id] = await chunkIds(digest);
        await rows('chunks')
          .where({ id })
          .update({ bytes: Buffer.from('nothing that unpacks') });
        await new BlobStore(rows).put(bytesOf([...lines, 'one more node']));
        assert.deepEqual(await new BlobStore(rows).get(digest), bytesOf(lines));
      });

      it('have copies in small parts that are the same as a chunk, and the other way round', async () => {
        const store = new BlobStore(rows);
        const part = bytesOf(largePart());
        const digest = await store.put(part);
        const chunk = cutChunks(part).find(({ length }) => length <= 32 * 1024) as Buffer;
        const name = await store.put(chunk);
        const { id } = await rows('chunks').where({ digest: name }).first('id');
        const harms: Array<[lost: string, harm: () => Promise<unknown>]> = [
          [
            digest,
            () =>
              rows('chunks')
                .where({ id })
                .update({ bytes: Buffer.from('damaged') }),
          ],
          [
            name,
            () =>
              rows('blobs')
                .where({ digest: name })
                .update({ bytes: Buffer.from('damaged') }),
          ],
        ];
        for (const [lost, harm] of harms) {
          await harm();
          assert.equal(await store.peek(lost), null);

          for await (const copy of store.copiesOf(lost)) {
            await store.mendWith(copy, lost);
          }

          assert.equal(digestOf((await store.peek(lost)) ?? Buffer.alloc(0)), lost);
        }
      });

      it('are kept once when many put the same at once', async () => {
        const lines = largePart();
        const parts = [bytesOf(lines), bytesOf([...lines, 'one more']), bytesOf(['one before', ...lines])];
        // On SQLite a file has one writer; that of the control plane has one already.
        const own = database === 'sqlite' ? openDatabase({ file: join(cp.dataDir, 'own.sqlite') }) : rows;
        await migrate(own);
        const puts = Array.from({ length: 12 }, (_value, index) =>
          own.transaction((trx) => new BlobStore(trx).put(parts[index % 3] as Buffer)),
        );
        const digests = await Promise.all(puts);
        for (const [index, digest] of digests.entries()) {
          assert.deepEqual(await new BlobStore(own).get(digest), parts[index % 3]);
        }
        if (own !== rows) {
          await own.destroy();
        }
      });

      it('are kept by two who keep the same in opposite order', async function () {
        if (database === 'sqlite') {
          this.skip(); // One transaction at a time.
        }
        const parts = [bytesOf(largePart()), bytesOf(largePart())];
        const db = new Database(rows, new Changes(), randomBytes(32));
        let begun = 0;
        const keep = (order: Buffer[]) =>
          db.transact(async ({ stores }) => {
            await stores.blobs.put(order[0] as Buffer);
            begun++;
            await eventually(() => begun >= 2, { everyMs: 5 });
            await stores.blobs.put(order[1] as Buffer);
          });

        await Promise.all([keep(parts), keep([...parts].reverse())]);

        for (const part of parts) {
          assert.deepEqual(await new BlobStore(rows).get(digestOf(part)), part);
        }
      });
    });

    it('that belong to a snapshot are named with it when people read them', async () => {
      const { applicationId } = await buildApplication(cp);
      const flows = [{ id: 'tab1', type: 'tab', label: uniqueName('Damaged') }];
      const { id } = await buildInstance(cp, applicationId, { flows });
      const snapshot = await cp.admin.call('createInstanceSnapshot', {
        params: { id },
        body: { name: 'Monday' },
      });
      const digest = digestOf(Buffer.from(JSON.stringify(flows)));
      await rows('blobs')
        .where({ digest })
        .update({ bytes: Buffer.from('nothing that unpacks') });

      const refused = await cp.admin.refused('getSnapshotFlows', 500, { params: { id: snapshot.id } });
      assert.equal(refused.code, 'part_lost');
      assert.match(
        refused.message,
        /^The part sha256-[0-9a-f]{64} of snapshot Monday is damaged in the database/,
      );
      await cp.admin.refused('rollBackInstance', 500, { params: { id }, body: { snapshotId: snapshot.id } });

      await buildInstance(cp, applicationId, { flows });
      const read = await cp.admin.call('getSnapshotFlows', { params: { id: snapshot.id } });
      assert.deepEqual(read.flows, flows);
    });
  });
}
