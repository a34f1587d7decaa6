import type { Knex } from 'knex';

/** Labels of devices, and device groups that take their devices by them. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('devices', (table) => {
    /** As a list, for showing; `device_labels` has the same for finding. */
    table.text('labels').notNullable().defaultTo('[]');
  });
  await knex.schema.createTable('device_labels', (table) => {
    table.text('device_id').notNullable().references('devices.id').onDelete('CASCADE');
    table.text('label').notNullable();
    table.primary(['device_id', 'label']);
    table.index(['label', 'device_id']);
  });
  await knex.schema.alterTable('device_groups', (table) => {
    /** Labels that a device must all have; null when people choose the devices. */
    table.text('rule');
  });
}

export async function down(): Promise<void> {
  throw new Error('Labels of devices would be lost: restore a backup instead.');
}
