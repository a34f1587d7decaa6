import type { Knex } from 'knex';

/** Large parts are kept in chunks, of which parts that are alike have most in common. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('blobs', (table) => {
    /** When it was put last, to the hour; what was put lately is not cleaned up. */
    table.text('used_at').index();
  });
  await knex.schema.createTable('chunks', (table) => {
    table.increments('id');
    table.text('digest').notNullable().unique();
    table.binary('bytes').notNullable();
    table.text('used_at').notNullable();
  });
  // Numbers instead of digests: a part of flows has a hundred chunks, and a row for each.
  await knex.schema.createTable('chunk_lists', (table) => {
    table.increments('id');
    table.text('digest').notNullable().unique().references('blobs.digest').onDelete('CASCADE');
  });
  await knex.schema.createTable('chunk_list_items', (table) => {
    table.integer('list_id').notNullable().references('chunk_lists.id').onDelete('CASCADE');
    table.integer('position').notNullable();
    table.integer('chunk_id').notNullable().references('chunks.id').index();
    table.primary(['list_id', 'position']);
  });
}

export async function down(): Promise<void> {
  throw new Error('Parts that are kept in chunks would be lost: restore a backup instead.');
}
