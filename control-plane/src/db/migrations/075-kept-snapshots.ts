import type { Knex } from 'knex';

/** Snapshots are pinned and labelled, and what is deleted of them stays for a while. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('snapshots', (table) => {
    table.boolean('pinned').notNullable().defaultTo(false);
    /** JSON. */
    table.text('labels').notNullable().defaultTo('[]');
    table.text('deleted_at').index();
    table.text('deleted_by');
    table.text('deleted_by_name');
    table.index(['team_id', 'id']);
  });
}

export async function down(): Promise<void> {
  throw new Error('Snapshots in the recycle bin would be back all at once: restore a backup instead.');
}
