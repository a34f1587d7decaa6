import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('users', (table) => {
    table.boolean('suspended').notNullable().defaultTo(false);
  });
}

export async function down(): Promise<void> {
  throw new Error('Suspended people could sign in again: restore a backup instead.');
}
