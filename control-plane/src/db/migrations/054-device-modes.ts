import type { Knex } from 'knex';

/** Developer mode of devices, and who is signed in at their editors. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('devices', (table) => {
    table.text('mode').notNullable().defaultTo('fleet');
    table.text('developer_since');
    /** Null: until somebody ends it. */
    table.text('developer_until').index();
    table.text('developer_by');
    /** What the device says. */
    table.text('running_mode').notNullable().defaultTo('fleet');
    table.boolean('edited').notNullable().defaultTo(false);
  });
  await knex.schema.createTable('device_oauth_codes', (table) => {
    table.text('code_hash').primary();
    table.text('user_id').notNullable().references('users.id').onDelete('CASCADE');
    table.text('session_id').notNullable().references('sessions.id').onDelete('CASCADE');
    table.text('device_id').notNullable().references('devices.id').onDelete('CASCADE');
    table.text('redirect_uri').notNullable();
    table.text('code_challenge').notNullable();
    table.text('scope').notNullable();
    table.text('expires_at').notNullable();
  });
  await knex.schema.createTable('device_editor_sessions', (table) => {
    table.text('token_hash').primary();
    table.text('user_id').notNullable().references('users.id').onDelete('CASCADE').index();
    table.text('session_id').notNullable().references('sessions.id').onDelete('CASCADE');
    table.text('device_id').notNullable().references('devices.id').onDelete('CASCADE');
    table.text('expires_at').notNullable();
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('device_editor_sessions');
  await knex.schema.dropTable('device_oauth_codes');
  await knex.schema.alterTable('devices', (table) => {
    table.dropIndex('developer_until');
    for (const column of [
      'mode',
      'developer_since',
      'developer_until',
      'developer_by',
      'running_mode',
      'edited',
    ]) {
      table.dropColumn(column);
    }
  });
}
