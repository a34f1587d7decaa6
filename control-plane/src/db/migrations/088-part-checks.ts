import type { Knex } from 'knex';

/** How far the parts of snapshots were read to see whether they are intact, and which of them are lost. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('part_checks', (table) => {
    table.text('id').primary();
    table.text('position').notNullable();
    table.text('finished_at');
    table.text('lease_owner');
    table.text('lease_until');
  });
  await knex.schema.createTable('lost_parts', (table) => {
    table.text('digest').primary();
    table.text('found_at').notNullable();
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('lost_parts');
  await knex.schema.dropTable('part_checks');
}
