import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import { openDatabase } from '../../../control-plane/src/db/connection.ts';
import { BlobStore } from '../../../control-plane/src/features/snapshots/blob-store.ts';
import { type ControlPlaneInProcess, startControlPlane } from '../../support/control-plane.ts';

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
        message: `The part ${digest} is damaged in the database.`,
      });
    });

    it('are named when they hold the bytes of another part', async () => {
      const other = await new BlobStore(rows).put(Buffer.from('another part'));
      const { bytes } = await rows('blobs').where({ digest: other }).first('bytes');
      const digest = await damage(Buffer.from('this part'), () => bytes);
      await assert.rejects(new BlobStore(rows).get(digest), {
        message: `The part ${digest} is damaged in the database.`,
      });
    });

    it('are mended when the same bytes are kept again', async () => {
      const part = Buffer.from('kept twice');
      const digest = await damage(part, () => Buffer.from('nothing that unpacks'));
      assert.equal(await new BlobStore(rows).put(part), digest);
      assert.deepEqual(await new BlobStore(rows).get(digest), part);
    });
  });
}
