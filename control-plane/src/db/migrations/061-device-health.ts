import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('devices', (table) => {
    /** JSON: how the machine was when it last told. */
    table.text('host');
    /** Whether people were told that something is wrong with it. */
    table.boolean('host_told').notNullable().defaultTo(false);
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.alterTable('devices', (table) => {
    table.dropColumn('host');
    table.dropColumn('host_told');
  });
}
