import type { Knex } from 'knex';

/** When the next snapshot by schedule is due, so that it is taken also after a restart, and by one control plane. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('snapshot_schedules', (table) => {
    table.text('instance_id').primary().references('instances.id').onDelete('CASCADE');
    table.text('expression').notNullable();
    table.text('time_zone');
    table.text('next_at').notNullable();
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('snapshot_schedules');
}
