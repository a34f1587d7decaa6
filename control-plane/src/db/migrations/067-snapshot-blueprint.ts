import type { Knex } from 'knex';

/** Of which version of a blueprint a snapshot is, so that a roll back brings the version, too. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('snapshots', (table) => {
    table.text('blueprint_id');
    table.integer('blueprint_version');
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.alterTable('snapshots', (table) => {
    table.dropColumns('blueprint_id', 'blueprint_version');
  });
}
