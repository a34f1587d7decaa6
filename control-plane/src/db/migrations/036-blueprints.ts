import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('blueprints', (table) => {
    table.text('id').primary();
    /** Null for those of the platform. */
    table.text('team_id').index().references('teams.id').onDelete('CASCADE');
    /** The folder of one that came with the product, and what was read there last. */
    table.text('shipped_key').unique();
    table.text('shipped_digest');
    table.text('name').notNullable();
    table.text('description').notNullable();
    table.text('category').notNullable();
    table.text('icon').notNullable();
    table.text('picture');
    table.text('picture_type');
    table.boolean('is_active').notNullable().defaultTo(true);
    table.integer('version').notNullable();
    table.text('created_at').notNullable();
    table.text('changed_at').notNullable();
  });
  await knex.schema.createTable('blueprint_versions', (table) => {
    table.text('blueprint_id').notNullable().references('blueprints.id').onDelete('CASCADE');
    table.integer('version').notNullable();
    table.text('flows_digest').notNullable();
    table.text('modules').notNullable();
    table.text('variables').notNullable();
    table.integer('flows').notNullable();
    table.integer('nodes').notNullable();
    table.text('node_red').notNullable();
    table.text('author').notNullable();
    table.text('created_at').notNullable();
    table.primary(['blueprint_id', 'version']);
  });
  await knex.schema.alterTable('instances', (table) => {
    table.text('blueprint_id').index();
    table.integer('blueprint_version');
  });
}

export async function down(): Promise<void> {
  throw new Error('Blueprints would be lost: restore a backup instead.');
}
