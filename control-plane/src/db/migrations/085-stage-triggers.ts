import type { Knex } from 'knex';

/** What pushes from a stage by itself: a webhook, a snapshot that is taken, or a schedule. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('stage_triggers', (table) => {
    table.text('id').primary();
    table.text('stage_id').notNullable().references('stages.id').onDelete('CASCADE');
    table.text('kind').notNullable();
    table.text('token_hash').unique();
    table.text('cron');
    table.text('time_zone');
    table.text('author').notNullable();
    table.text('author_id').notNullable().references('users.id').onDelete('CASCADE');
    table.text('created_at').notNullable();
    table.text('next_at').index();
    table.text('last_snapshot_id');
    table.text('last_at');
    table.text('last_problem');
    table.text('claimed_until');
    table.index('stage_id');
    table.index('author_id');
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('stage_triggers');
}
