import type { Knex } from 'knex';

const TABLES = ['editor_sessions', 'device_editor_sessions'];

/** What a session was signed in for, so that one for pages does not open the editor. */
export async function up(knex: Knex): Promise<void> {
  for (const name of TABLES) {
    await knex.schema.alterTable(name, (table) => {
      table.text('scope').notNullable().defaultTo('editor');
    });
  }
}

export async function down(knex: Knex): Promise<void> {
  for (const name of TABLES) {
    await knex.schema.alterTable(name, (table) => {
      table.dropColumn('scope');
    });
  }
}
