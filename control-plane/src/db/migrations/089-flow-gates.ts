import type { Knex } from 'knex';

/** What flows say of their health and of updates, and which restarts they cannot hold. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('instances', (table) => {
    table.integer('unheld_restarts').notNullable().defaultTo(0);
  });
  await knex.schema.alterTable('devices', (table) => {
    /** JSON of FlowState. */
    table.text('flow_state');
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.alterTable('devices', (table) => {
    table.dropColumn('flow_state');
  });
  await knex.schema.alterTable('instances', (table) => {
    table.dropColumn('unheld_restarts');
  });
}
