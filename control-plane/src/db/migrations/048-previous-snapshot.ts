import type { Knex } from 'knex';

/** What a device ran before what it runs, for a roll back. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('devices', (table) => {
    table.text('previous_snapshot_id');
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.alterTable('devices', (table) => {
    table.dropColumn('previous_snapshot_id');
  });
}
