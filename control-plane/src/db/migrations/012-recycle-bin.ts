import type { Knex } from 'knex';

/** What was deleted stays for a while, and a team can stand still. */
export async function up(knex: Knex): Promise<void> {
  for (const name of ['teams', 'instances']) {
    await knex.schema.alterTable(name, (table) => {
      table.text('deleted_at').index();
      table.text('deleted_by');
      table.text('deleted_by_name');
    });
  }
  await knex.schema.alterTable('teams', (table) => {
    table.text('suspended_at');
  });
}

export async function down(): Promise<void> {
  throw new Error('What is in the recycle bin would be back all at once: restore a backup instead.');
}
