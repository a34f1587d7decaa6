import type { Knex } from 'knex';

/**
 * A device can be away when a snapshot of it is due. So what is wanted is kept until it was taken: by a schedule, or
 * after a deploy that the device told of.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('device_snapshot_schedules', (table) => {
    table.text('device_id').primary().references('devices.id').onDelete('CASCADE');
    table.text('expression').notNullable();
    table.text('time_zone');
    table.text('next_at').notNullable();
  });
  await knex.schema.createTable('wanted_device_snapshots', (table) => {
    table.text('device_id').primary().references('devices.id').onDelete('CASCADE');
    table.text('name').notNullable();
    table.text('wanted_at').notNullable();
    /** Not to be asked for before: somebody asks just now, or it failed a moment ago. */
    table.text('not_before').notNullable().index();
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('wanted_device_snapshots');
  await knex.schema.dropTable('device_snapshot_schedules');
}
