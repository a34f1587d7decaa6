import type { Knex } from 'knex';

/** Who people are at the provider of single sign-on, and which roles their groups gave them. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('single_sign_on_links', (table) => {
    table.text('issuer').notNullable();
    table.text('subject').notNullable();
    table.text('user_id').notNullable().references('users.id').onDelete('CASCADE').index();
    table.text('linked_at').notNullable();
    table.primary(['issuer', 'subject']);
  });
  await knex.schema.createTable('group_roles', (table) => {
    table.text('user_id').notNullable().references('users.id').onDelete('CASCADE');
    table.text('team_id').notNullable().references('teams.id').onDelete('CASCADE');
    table.text('role').notNullable();
    table.primary(['user_id', 'team_id']);
  });
  await knex.schema.alterTable('users', (table) => {
    table.boolean('admin_by_group').notNullable().defaultTo(false);
  });
}

export async function down(): Promise<void> {
  throw new Error('People could not sign in any more as who they are: restore a backup instead.');
}
