import type { Knex } from 'knex';

/** One link for each entry, also for entries that were removed since: they stay accounted for. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('audit_entries', (table) => {
    table.text('address');
  });
  await knex.schema.createTable('audit_chain', (table) => {
    table.integer('sequence').primary();
    table.text('entry_id').notNullable().unique();
    table.text('team_id');
    table.text('at').notNullable();
    table.text('digest').notNullable();
    table.text('hash').notNullable();
  });
}

export async function down(): Promise<void> {
  throw new Error('The chain of the audit log cannot be taken back: restore a backup instead.');
}
