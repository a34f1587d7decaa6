import type { Knex } from 'knex';

/** What the search knows of the nodes of hosted instances: names and types, nothing of what they do. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('flow_nodes', (table) => {
    table.text('instance_id').notNullable().references('instances.id').onDelete('CASCADE');
    table.text('node_id').notNullable();
    table.text('type').notNullable();
    table.text('name').notNullable();
    /** The name of the flow or subflow that it is in. */
    table.text('flow').notNullable();
    /** Name and type in small letters; the database knows only those of English. */
    table.text('words').notNullable();
    table.primary(['instance_id', 'node_id']);
  });
  await knex.schema.alterTable('instances', (table) => {
    /** The flows that `flow_nodes` is about; others when it has to be renewed. */
    table.text('indexed_digest');
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.alterTable('instances', (table) => table.dropColumn('indexed_digest'));
  await knex.schema.dropTable('flow_nodes');
}
