import type { Knex } from 'knex';

/** What devices deliver from their spools: where each stands, its metrics by the minute, and its failures. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('device_spools', (table) => {
    table.text('device_id').notNullable().references('devices.id').onDelete('CASCADE');
    table.text('stream').notNullable();
    table.text('epoch').notNullable();
    table.bigInteger('seq').notNullable();
    table.primary(['device_id', 'stream']);
  });
  await knex.schema.createTable('device_metrics', (table) => {
    table.text('device_id').notNullable().references('devices.id').onDelete('CASCADE');
    table.text('at').notNullable().index();
    table.float('cpu_percent').notNullable();
    table.bigInteger('memory_bytes').notNullable();
    table.float('event_loop_delay_ms').notNullable();
    table.bigInteger('messages').notNullable();
    table.bigInteger('requests').notNullable();
    table.primary(['device_id', 'at']);
  });
  await knex.schema.createTable('device_failures', (table) => {
    table.text('id').primary();
    table.text('device_id').notNullable().references('devices.id').onDelete('CASCADE');
    table.text('at').notNullable();
    table.text('device_time').notNullable();
    table.text('event').notNullable();
    table.text('snapshot_id');
    table.text('reason').notNullable();
    /** JSON: lines. */
    table.text('log').notNullable();
    table.index(['device_id', 'id']);
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('device_failures');
  await knex.schema.dropTable('device_metrics');
  await knex.schema.dropTable('device_spools');
}
