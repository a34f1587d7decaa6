import type { Knex } from 'knex';

/** Until now one instance type and two stacks came with the installation, and nobody could add any. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('instance_types', (table) => {
    /** In cores; null is no limit. */
    table.double('cpu_limit');
    table.double('price');
    table.integer('position').notNullable().defaultTo(0);
    table.boolean('is_active').notNullable().defaultTo(true);
  });
  await knex.schema.createTable('instance_type_stacks', (table) => {
    table.text('instance_type_id').notNullable().references('instance_types.id').onDelete('CASCADE');
    table.text('stack_id').notNullable().references('stacks.id').onDelete('CASCADE');
    table.primary(['instance_type_id', 'stack_id']);
  });
  await knex.schema.alterTable('stacks', (table) => {
    table.boolean('is_active').notNullable().defaultTo(true);
    /** Came with the control plane; its version follows that of the installation. */
    table.boolean('is_bundled').notNullable().defaultTo(false);
    table.text('replaced_by');
  });
  await knex('stacks').where({ is_default: true }).update({ is_bundled: true });
}

export async function down(): Promise<void> {
  throw new Error('Instance types and stacks would be lost: restore a backup instead.');
}
