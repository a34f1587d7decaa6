import type { Knex } from 'knex';

/** How people come in: invitations, sign-up, and a new password for whoever forgot theirs. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('invitations', (table) => {
    table.text('id').primary();
    table.text('team_id').notNullable().references('teams.id').onDelete('CASCADE').index();
    /** The person who is invited; null when it is an e-mail address, and whoever has the link may come. */
    table.text('user_id').references('users.id').onDelete('CASCADE').index();
    table.text('invitee').notNullable();
    table.text('role').notNullable();
    table.text('token_hash').notNullable().unique();
    table.text('invited_by').notNullable();
    table.text('created_at').notNullable();
    table.text('expires_at').notNullable();
    table.unique(['team_id', 'invitee']);
  });
  await knex.schema.createTable('platform_settings', (table) => {
    table.text('name').primary();
    /** JSON. */
    table.text('value').notNullable();
  });
  await knex.schema.createTable('password_resets', (table) => {
    table.text('token_hash').primary();
    table.text('user_id').notNullable().references('users.id').onDelete('CASCADE').index();
    table.text('expires_at').notNullable();
  });
}

export async function down(): Promise<void> {
  throw new Error('Invitations that people hold would be lost: restore a backup instead.');
}
