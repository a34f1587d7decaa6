import type { Knex } from 'knex';

/** Node-REDs that ask that somebody may sign in to Flowyard from them. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('node_red_sign_ins', (table) => {
    table.text('code').primary();
    table.text('secret_hash').notNullable().unique();
    table.text('name').notNullable();
    table.text('address');
    table.text('state').notNullable();
    /** Sealed, once somebody has agreed. */
    table.text('token');
    table.text('created_at').notNullable();
    table.text('expires_at').notNullable().index();
    /** When it was asked last whether somebody has agreed. */
    table.text('asked_at');
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('node_red_sign_ins');
}
