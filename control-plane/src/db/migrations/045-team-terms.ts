import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('team_types', (table) => {
    /** JSON: the features that a team of this type does not have, and its prices. */
    table.text('terms').notNullable().defaultTo('{}');
  });
}

export async function down(): Promise<void> {
  throw new Error('Features that are off would be on: restore a backup instead.');
}
