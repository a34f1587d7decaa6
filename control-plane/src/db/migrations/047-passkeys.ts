import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('passkeys', (table) => {
    table.text('id').primary();
    table.text('user_id').notNullable().references('users.id').onDelete('CASCADE').index();
    table.text('credential_id').notNullable().unique();
    table.text('public_key').notNullable();
    table.bigInteger('counter').notNullable();
    table.text('transports').notNullable();
    table.text('name').notNullable();
    table.text('created_at').notNullable();
    table.text('last_used_at');
  });
  await knex.schema.createTable('passkey_challenges', (table) => {
    table.text('id').primary();
    table.text('challenge').notNullable();
    /** Nobody yet, for signing in. */
    table.text('user_id').references('users.id').onDelete('CASCADE');
    table.text('purpose').notNullable();
    table.text('expires_at').notNullable().index();
  });
}

export async function down(): Promise<void> {
  throw new Error('People would lose the passkeys with which they sign in: restore a backup instead.');
}
