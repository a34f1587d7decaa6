import type { Knex } from 'knex';

const AT_ONCE = 200;

/** Who refers to a part, so that one that nobody needs any more can be found. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('snapshot_parts', (table) => {
    table.text('snapshot_id').notNullable().references('snapshots.id').onDelete('CASCADE');
    table.text('digest').notNullable().references('blobs.digest').index();
    table.primary(['snapshot_id', 'digest']);
  });
  await knex.schema.createTable('orphaned_blobs', (table) => {
    table.text('digest').primary().references('blobs.digest').onDelete('CASCADE');
    /** When nobody was found to refer to it. */
    table.text('since').notNullable().index();
  });
  await knex.schema.alterTable('instances', (table) => {
    for (const column of ['flows_digest', 'credentials_digest', 'lock_digest']) {
      table.index([column]);
    }
  });
  await knex.schema.alterTable('blueprint_versions', (table) => {
    table.index(['flows_digest']);
  });
  await knex('blobs')
    .whereNull('used_at')
    .update({ used_at: knex.ref('created_at') });
  await fillSnapshotParts(knex);
}

export async function fillSnapshotParts(knex: Knex): Promise<void> {
  let after = '';
  for (;;) {
    const snapshots: Array<{ id: string; manifest: string }> = await knex('snapshots')
      .where('id', '>', after)
      .orderBy('id')
      .limit(AT_ONCE)
      .select('id', 'manifest');
    for (const { id, manifest } of snapshots) {
      const digests = new Set(manifest.match(/sha256-[0-9a-f]{64}/g) ?? []);
      const there: Array<{ digest: string }> = await knex('blobs')
        .whereIn('digest', [...digests])
        .select('digest');
      if (there.length > 0) {
        await knex('snapshot_parts').insert(there.map(({ digest }) => ({ snapshot_id: id, digest })));
      }
    }
    const last = snapshots.at(-1);
    if (last === undefined) {
      return;
    }
    after = last.id;
  }
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('orphaned_blobs');
  await knex.schema.dropTable('snapshot_parts');
}
