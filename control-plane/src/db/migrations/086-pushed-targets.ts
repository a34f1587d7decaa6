import type { Knex } from 'knex';

/** A target that came by a push is told from one that somebody set: with a push no values of variables come. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('device_groups', (table) => {
    table.boolean('target_pushed').notNullable().defaultTo(false);
  });
  await knex.schema.alterTable('devices', (table) => {
    table.boolean('target_pushed').notNullable().defaultTo(false);
    /** Of what it runs, and of what it ran before that. */
    table.boolean('running_pushed').notNullable().defaultTo(false);
    table.boolean('previous_pushed').notNullable().defaultTo(false);
  });
  await knex.schema.alterTable('deployments', (table) => {
    /** Of the target that the device or the group had before. */
    table.boolean('previous_pushed').notNullable().defaultTo(false);
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.alterTable('deployments', (table) => {
    table.dropColumn('previous_pushed');
  });
  await knex.schema.alterTable('devices', (table) => {
    table.dropColumns('target_pushed', 'running_pushed', 'previous_pushed');
  });
  await knex.schema.alterTable('device_groups', (table) => {
    table.dropColumn('target_pushed');
  });
}
