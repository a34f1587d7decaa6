import type { Knex } from 'knex';

/** Who may push into a stage, whether a second person has to approve, and what missing variables mean. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('stages', (table) => {
    table.text('pushers').notNullable().defaultTo('members');
    table.boolean('approval').notNullable().defaultTo(false);
    table.text('missing_variables').notNullable().defaultTo('warn');
  });
  await knex('stages').where({ protected: true }).update({ pushers: 'owners' });
  await knex.schema.createTable('stage_people', (table) => {
    table.text('stage_id').notNullable().references('stages.id').onDelete('CASCADE');
    table.text('user_id').notNullable().references('users.id').onDelete('CASCADE');
    table.primary(['stage_id', 'user_id']);
    table.index('user_id');
  });
  await knex.schema.alterTable('deployments', (table) => {
    table.text('approver');
    table.text('approver_id');
    table.text('approved_at');
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.alterTable('deployments', (table) => {
    table.dropColumns('approver', 'approver_id', 'approved_at');
  });
  await knex.schema.dropTable('stage_people');
  await knex.schema.alterTable('stages', (table) => {
    table.dropColumns('pushers', 'approval', 'missing_variables');
  });
}
