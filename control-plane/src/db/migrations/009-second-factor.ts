import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('second_factors', (table) => {
    table.text('user_id').primary().references('users.id').onDelete('CASCADE');
    /** Sealed. */
    table.text('secret').notNullable();
    table.boolean('confirmed').notNullable();
    /** The time step of the last code that was taken: no code works twice. */
    table.integer('last_step').notNullable().defaultTo(0);
  });
  await knex.schema.createTable('recovery_codes', (table) => {
    table.text('user_id').notNullable().references('users.id').onDelete('CASCADE');
    table.text('code_hash').notNullable();
    table.primary(['user_id', 'code_hash']);
  });
}

export async function down(): Promise<void> {
  throw new Error(
    'People would sign in without the second factor that they rely on: restore a backup instead.',
  );
}
