import type { Knex } from 'knex';

const DEVICE_TEXTS = [
  'old_token_hash',
  'old_token_until',
  /** The new token, sealed, until the device has taken it. */
  'next_token',
  'hardware',
  /** JSON: another machine that came with the identity of this one. */
  'other_machine',
];

/** How machines become devices, and how they are told from copies of themselves. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('devices', (table) => {
    for (const column of DEVICE_TEXTS) {
      table.text(column);
    }
    table.index('old_token_hash');
  });
  await knex.schema.alterTable('provisioning_tokens', (table) => {
    table.text('name_pattern');
    table.text('networks').notNullable().defaultTo('[]');
  });
  await knex.schema.createTable('device_codes', (table) => {
    table.text('device_id').primary().references('devices.id').onDelete('CASCADE');
    table.text('code_hash').notNullable().unique();
    table.text('expires_at').notNullable();
    /** Of the one attempt that used it. */
    table.text('attempt_hash');
  });
  await knex.schema.createTable('device_registrations', (table) => {
    table.text('code').primary();
    table.text('secret_hash').notNullable().unique();
    table.text('name').notNullable();
    table.text('type').notNullable();
    table.text('agent_version').notNullable();
    table.text('platform').notNullable();
    table.text('address');
    table.text('state').notNullable();
    /** Sealed, once somebody has agreed. */
    table.text('credentials');
    table.text('created_at').notNullable();
    table.text('expires_at').notNullable().index();
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('device_registrations');
  await knex.schema.dropTable('device_codes');
  await knex.schema.alterTable('provisioning_tokens', (table) => {
    table.dropColumn('name_pattern');
    table.dropColumn('networks');
  });
  await knex.schema.alterTable('devices', (table) => {
    table.dropIndex('old_token_hash');
    for (const column of DEVICE_TEXTS) {
      table.dropColumn(column);
    }
  });
}
