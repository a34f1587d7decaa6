import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('instance_crashes', (table) => {
    table.text('id').primary();
    table.text('instance_id').notNullable().references('instances.id').onDelete('CASCADE');
    table.text('at').notNullable();
    table.text('reason').notNullable();
    table.integer('exit_code');
    table.text('signal');
    table.boolean('hung').notNullable();
    table.integer('crashes').notNullable();
    table.boolean('safe_mode').notNullable();
    table.integer('flows_revision').notNullable();
    /** JSON: the node that it came from, and the flows that could be left out. */
    table.text('node');
    table.text('flows').notNullable();
    table.index(['instance_id', 'id']);
  });
  await knex.schema.alterTable('instances', (table) => {
    /** JSON: flows that are left out in limp mode; null while all run. */
    table.text('left_out');
  });
}

export async function down(): Promise<void> {
  throw new Error('Flows that are left out because they crash would run again: restore a backup instead.');
}
