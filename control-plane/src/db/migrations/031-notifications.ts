import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('notifications', (table) => {
    table.text('id').primary();
    table.text('kind').notNullable();
    /** Null for what concerns the platform, or one person. */
    table.text('team_id').references('teams.id').onDelete('CASCADE');
    table.text('application_id').references('applications.id').onDelete('CASCADE');
    table.text('user_id').references('users.id').onDelete('CASCADE');
    table.text('subject_kind').notNullable();
    table.text('subject_id').notNullable();
    table.text('subject_name').notNullable();
    table.text('text').notNullable();
    table.integer('count').notNullable().defaultTo(1);
    table.text('at').notNullable();
    table.text('resolved_at');
    table.index(['team_id', 'id']);
    table.index(['user_id', 'id']);
    table.index(['subject_id', 'kind', 'id']);
  });
  await knex.schema.createTable('notification_reads', (table) => {
    table.text('notification_id').notNullable().references('notifications.id').onDelete('CASCADE');
    table.text('user_id').notNullable().references('users.id').onDelete('CASCADE').index();
    table.primary(['notification_id', 'user_id']);
  });
  await knex.schema.createTable('notification_settings', (table) => {
    table.text('user_id').primary().references('users.id').onDelete('CASCADE');
    /** JSON: by kind, whether to send e-mail. */
    table.text('email').notNullable();
  });
  await knex.schema.createTable('webhooks', (table) => {
    table.text('id').primary();
    table.text('team_id').notNullable().references('teams.id').onDelete('CASCADE').index();
    table.text('name').notNullable();
    table.text('url').notNullable();
    /** Sealed. */
    table.text('secret').notNullable();
    /** JSON: a list of kinds. */
    table.text('kinds').notNullable();
    table.boolean('active').notNullable();
    table.text('created_at').notNullable();
  });
  await knex.schema.alterTable('devices', (table) => {
    /** Whether people were told that it is away, and that it does not run its target. */
    table.boolean('offline_told').notNullable().defaultTo(false);
    table.text('drift_since');
    table.boolean('drift_told').notNullable().defaultTo(false);
  });
}

export async function down(): Promise<void> {
  throw new Error('Notifications and webhooks would be lost: restore a backup instead.');
}
