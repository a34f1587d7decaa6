import type { Knex } from 'knex';

/** Kept also when what was measured is deleted: reports are made afterwards. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('running_intervals', (table) => {
    table.text('id').primary();
    table.text('instance_id').notNullable();
    table.text('instance').notNullable();
    table.text('team_id').notNullable();
    table.text('application_id').notNullable();
    table.text('application').notNullable();
    table.text('type_id').notNullable();
    table.text('type').notNullable();
    table.double('price');
    table.text('started_at').notNullable();
    /** Until when it surely ran. */
    table.text('seen_at').notNullable();
    table.text('ended_at');
    table.index(['team_id', 'started_at']);
  });
  await knex.raw(
    'create unique index running_intervals_one_open on running_intervals (instance_id) where ended_at is null',
  );
  await knex.schema.createTable('device_days', (table) => {
    table.text('device_id').notNullable();
    table.text('day').notNullable();
    table.text('team_id').notNullable();
    table.text('application_id');
    table.text('application');
    table.double('price');
    table.primary(['device_id', 'day']);
    table.index(['team_id', 'day']);
  });
}

export async function down(): Promise<void> {
  throw new Error('What was measured would be lost: restore a backup instead.');
}
