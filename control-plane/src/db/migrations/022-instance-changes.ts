import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('instances', (table) => {
    /** The instance that this one is a trial copy of. */
    table.text('trial_of');
    table.text('trial_until');
  });
  await knex.schema.createTable('instance_changes', (table) => {
    table.text('id').primary();
    table.text('instance_id').notNullable().references('instances.id').onDelete('CASCADE');
    table.text('kind').notNullable();
    table.text('state').notNullable();
    /** Changes of one batch are carried out one after the other. */
    table.text('batch_id').index();
    for (const side of ['from', 'to']) {
      table.text(`${side}_stack_id`).notNullable();
      table.text(`${side}_stack`).notNullable();
      table.text(`${side}_type_id`).notNullable();
      table.text(`${side}_type`).notNullable();
    }
    table.text('state_before');
    /** The count of restarts for which the process that is watched was started, and since when it is waited for. */
    table.integer('restarts');
    table.text('switched_at');
    table.text('message');
    table.text('log');
    table.text('snapshot_id');
    table.text('author_id').notNullable();
    table.text('author').notNullable();
    table.text('created_at').notNullable();
    table.text('finished_at').index();
    table.index(['instance_id', 'id']);
  });
  await knex.raw(
    'create unique index instance_changes_one_at_a_time on instance_changes (instance_id) where finished_at is null',
  );
}

export async function down(): Promise<void> {
  throw new Error('Changes of instances would be lost: restore a backup instead.');
}
