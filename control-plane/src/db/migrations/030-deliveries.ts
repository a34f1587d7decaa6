import type { Knex } from 'knex';

/** What is on its way to people and programs outside: it is tried again until it arrived or is too old. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('deliveries', (table) => {
    table.text('id').primary();
    /** `mail` or `webhook`. */
    table.text('channel').notNullable();
    table.text('webhook_id').index();
    /** What it is about, for lists and logs. */
    table.text('title').notNullable();
    /** Sealed; it may hold a link that signs somebody in. Emptied once it is over. */
    table.text('payload').notNullable();
    table.text('state').notNullable();
    table.integer('attempts').notNullable().defaultTo(0);
    table.text('next_at').notNullable();
    table.text('error');
    table.text('created_at').notNullable();
    table.text('finished_at');
    table.index(['state', 'next_at']);
  });
}

export async function down(): Promise<void> {
  throw new Error('Messages that were not delivered yet would be lost: restore a backup instead.');
}
