import type { Knex } from 'knex';

/** All targets of a deployment change their state again and again; to find some among them reading all is enough. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('deployment_targets', (table) => {
    table.dropIndex(['deployment_id', 'state']);
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.alterTable('deployment_targets', (table) => {
    table.index(['deployment_id', 'state']);
  });
}
