import type { Knex } from 'knex';

/** Deployments go in waves, are carried on by one process at a time, and say what they did. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('stages', (table) => {
    /** How a push into it goes to its targets, as JSON. */
    table.text('rollout');
  });
  await knex.schema.alterTable('devices', (table) => {
    /** What a deployment into its group told it; stands before the target of the group. */
    table.text('rollout_snapshot_id').index();
  });
  await knex.schema.alterTable('deployments', (table) => {
    /** As JSON; null: all at once. */
    table.text('policy');
    table.text('start_at');
    table.text('waits_until');
    table.integer('wave').notNullable().defaultTo(0);
    table.text('wave_done_at');
    table.boolean('returning').notNullable().defaultTo(false);
    table.integer('forgiven').notNullable().defaultTo(0);
    /** What the device or the group had for a target before. */
    table.text('previous_target_id');
    table.text('again_of');
    table.integer('revision').notNullable().defaultTo(0);
    table.text('lease_owner');
    table.text('lease_until');
  });
  await knex.schema.alterTable('deployment_targets', (table) => {
    table.text('told_at');
    table.text('changed_at');
    table.index(['deployment_id', 'state']);
  });
  await knex.schema.createTable('deployment_steps', (table) => {
    table.text('id').primary();
    table.text('deployment_id').notNullable().references('deployments.id').onDelete('CASCADE').index();
    table.text('at').notNullable();
    table.text('text').notNullable();
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('deployment_steps');
  await knex.schema.alterTable('deployment_targets', (table) => {
    table.dropIndex(['deployment_id', 'state']);
    table.dropColumns('told_at', 'changed_at');
  });
  await knex.schema.alterTable('deployments', (table) => {
    table.dropColumns(
      'policy',
      'start_at',
      'waits_until',
      'wave',
      'wave_done_at',
      'returning',
      'forgiven',
      'previous_target_id',
      'again_of',
      'revision',
      'lease_owner',
      'lease_until',
    );
  });
  await knex.schema.alterTable('devices', (table) => {
    table.dropColumn('rollout_snapshot_id');
  });
  await knex.schema.alterTable('stages', (table) => {
    table.dropColumn('rollout');
  });
}
