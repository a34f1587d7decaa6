import type { Knex } from 'knex';

/** Variables and settings of devices and of device groups. */
export async function up(knex: Knex): Promise<void> {
  for (const owner of ['device', 'device_group']) {
    await knex.schema.alterTable(`${owner}s`, (table) => {
      table.text('settings').notNullable().defaultTo('{}');
    });
    await knex.schema.createTable(`${owner}_variables`, (table) => {
      table.text(`${owner}_id`).notNullable().references(`${owner}s.id`).onDelete('CASCADE');
      table.text('name').notNullable();
      table.text('value').notNullable();
      table.boolean('secret').notNullable();
      table.primary([`${owner}_id`, 'name']);
    });
  }
}

export async function down(): Promise<void> {
  throw new Error('Variables and settings of devices would be lost: restore a backup instead.');
}
