import type { Knex } from 'knex';

/**
 * An index by target costs a push to a fleet a third of what writing it down takes. The deployments of a team are few,
 * and each of them is quick to ask for one target.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('deployment_targets', (table) => {
    table.dropIndex(['target_id']);
  });
  await knex.schema.alterTable('deployments', (table) => {
    table.index(['team_id', 'id']);
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.alterTable('deployments', (table) => {
    table.dropIndex(['team_id', 'id']);
  });
  await knex.schema.alterTable('deployment_targets', (table) => {
    table.index(['target_id']);
  });
}
