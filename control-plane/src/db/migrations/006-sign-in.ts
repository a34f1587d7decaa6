import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('access_tokens', (table) => {
    table.text('application_id');
  });
  await knex.schema.alterTable('sessions', (table) => {
    table.text('address');
    /** What the browser calls itself. */
    table.text('browser');
    table.text('last_used_at');
  });
}

export async function down(): Promise<void> {
  throw new Error(
    'Tokens that were limited to an application would be valid everywhere: restore a backup instead.',
  );
}
