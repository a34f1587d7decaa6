import type { Knex } from 'knex';

/** Until now the oldest type was the one that teams got. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('team_types', (table) => {
    table.boolean('is_default').notNullable().defaultTo(false);
  });
  const oldest: { id: string } | undefined = await knex('team_types').orderBy('id').first('id');
  if (oldest !== undefined) {
    await knex('team_types').where({ id: oldest.id }).update({ is_default: true });
  }
}

export async function down(): Promise<void> {
  throw new Error('The default team type would be lost: restore a backup instead.');
}
