import type { Knex } from 'knex';

/** The lock file that an instance's modules are installed by, and why a snapshot has none. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('instances', (table) => {
    /** Digest. */
    table.text('lock_digest');
  });
  await knex.schema.alterTable('snapshots', (table) => {
    table.text('lock_problem');
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.alterTable('instances', (table) => {
    table.dropColumn('lock_digest');
  });
  await knex.schema.alterTable('snapshots', (table) => {
    table.dropColumn('lock_problem');
  });
}
