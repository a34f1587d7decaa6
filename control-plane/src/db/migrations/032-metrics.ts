import type { Knex } from 'knex';

/** One row for each instance and minute. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('instance_metrics', (table) => {
    table.text('instance_id').notNullable().references('instances.id').onDelete('CASCADE');
    table.text('at').notNullable().index();
    table.float('cpu_percent').notNullable();
    table.bigInteger('memory_bytes').notNullable();
    table.float('event_loop_delay_ms').notNullable();
    table.integer('messages').notNullable();
    table.integer('requests').notNullable();
    table.primary(['instance_id', 'at']);
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('instance_metrics');
}
