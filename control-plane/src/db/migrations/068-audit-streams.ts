import type { Knex } from 'knex';

/** Programs to which the audit log is delivered, each with how far it is. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('audit_streams', (table) => {
    table.text('id').primary();
    /** Null for one of the whole platform. */
    table.text('team_id').references('teams.id').onDelete('CASCADE').index();
    table.text('name').notNullable();
    table.text('url').notNullable();
    /** Sealed. */
    table.text('secret').notNullable();
    table.boolean('active').notNullable();
    /** Up to and with which link of the chain it was delivered or passed over. */
    table.integer('cursor').notNullable();
    /** Entries that were passed over and of which the receiver was not told yet. */
    table.integer('missing').notNullable().defaultTo(0);
    /** Grows with each change by a person: what is under way then does not move the cursor any more. */
    table.integer('revision').notNullable().defaultTo(1);
    table.integer('last_sequence');
    table.text('last_entry_at');
    table.text('delivered_at');
    /** How often it failed since it last went well. */
    table.integer('attempts').notNullable().defaultTo(0);
    table.text('next_at').notNullable();
    table.text('failing_since');
    table.text('error');
    table.boolean('told').notNullable().defaultTo(false);
    /** The process that delivers, and until when nobody else may. */
    table.text('lease_owner');
    table.text('lease_until');
    table.text('created_at').notNullable();
  });
  await knex.schema.alterTable('audit_chain', (table) => {
    table.index(['team_id', 'sequence']);
  });
}

export async function down(): Promise<void> {
  throw new Error('How far receivers are would be lost: restore a backup instead.');
}
