import type { Knex } from 'knex';

/** Settings of instances, versions of templates, variables above instances, and tokens for HTTP pages. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('instances', (table) => {
    table.text('settings').notNullable().defaultTo('{}');
    /** What the process was started with; null until one was. */
    table.text('started_with');
  });
  await createTemplateVersions(knex);
  await createVariables(knex);
  await knex.schema.createTable('http_tokens', (table) => {
    table.text('id').primary();
    table.text('instance_id').notNullable().references('instances.id').onDelete('CASCADE').index();
    table.text('name').notNullable();
    table.text('token_hash').notNullable().unique();
    table.text('expires_at');
    table.text('last_used_at');
    table.text('created_at').notNullable();
  });
  await knex.schema.alterTable('oauth_codes', (table) => {
    table.text('scope').notNullable().defaultTo('editor');
  });
}

export async function down(): Promise<void> {
  throw new Error('Settings and templates would be lost: restore a backup instead.');
}

async function createTemplateVersions(knex: Knex): Promise<void> {
  await knex.schema.alterTable('templates', (table) => {
    table.integer('version').notNullable().defaultTo(1);
  });
  await knex.schema.createTable('template_versions', (table) => {
    table.text('template_id').notNullable().references('templates.id').onDelete('CASCADE');
    table.integer('version').notNullable();
    table.text('content').notNullable();
    table.text('author').notNullable();
    table.text('note').notNullable();
    table.text('created_at').notNullable();
    table.primary(['template_id', 'version']);
  });
}

async function createVariables(knex: Knex): Promise<void> {
  await knex.schema.createTable('platform_variables', (table) => {
    table.text('name').primary();
    table.text('value').notNullable();
    table.boolean('secret').notNullable();
  });
  for (const owner of ['team', 'application']) {
    await knex.schema.createTable(`${owner}_variables`, (table) => {
      table.text(`${owner}_id`).notNullable().references(`${owner}s.id`).onDelete('CASCADE');
      table.text('name').notNullable();
      table.text('value').notNullable();
      table.boolean('secret').notNullable();
      table.primary([`${owner}_id`, 'name']);
    });
  }
}
