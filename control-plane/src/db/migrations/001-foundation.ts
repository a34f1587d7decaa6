import type { Knex } from 'knex';

/** Times are ISO 8601 texts in UTC, identifiers are made by the application, JSON is text. */
export async function up(knex: Knex): Promise<void> {
  await createPeople(knex);
  await createCatalogue(knex);
  await createTeams(knex);
  await createSnapshots(knex);
  await createInstances(knex);
  await createDevices(knex);
  await createPipelines(knex);
  await createRecords(knex);
}

export async function down(): Promise<void> {
  throw new Error('The first migration cannot be undone: restore a backup instead.');
}

async function createPeople(knex: Knex): Promise<void> {
  await knex.schema.createTable('users', (table) => {
    table.text('id').primary();
    table.text('username').notNullable().unique();
    table.text('name').notNullable();
    table.text('email');
    table.text('password_hash').notNullable();
    table.boolean('is_admin').notNullable();
    table.text('created_at').notNullable();
  });
  await knex.schema.createTable('sessions', (table) => {
    table.text('id').primary();
    table.text('token_hash').notNullable().unique();
    table.text('user_id').notNullable().references('users.id').onDelete('CASCADE').index();
    table.text('created_at').notNullable();
    table.text('expires_at').notNullable();
  });
  await knex.schema.createTable('access_tokens', (table) => {
    table.text('id').primary();
    table.text('user_id').notNullable().references('users.id').onDelete('CASCADE').index();
    table.text('name').notNullable();
    table.text('token_hash').notNullable().unique();
    table.text('team_id');
    table.boolean('read_only').notNullable();
    table.text('expires_at');
    table.text('last_used_at');
    table.text('created_at').notNullable();
  });
}

async function createCatalogue(knex: Knex): Promise<void> {
  await knex.schema.createTable('team_types', (table) => {
    table.text('id').primary();
    table.text('name').notNullable();
    table.text('limits').notNullable();
  });
  await knex.schema.createTable('instance_types', (table) => {
    table.text('id').primary();
    table.text('name').notNullable();
    table.text('description').notNullable();
    table.integer('memory_mb').notNullable();
    table.boolean('is_default').notNullable();
  });
  await knex.schema.createTable('stacks', (table) => {
    table.text('id').primary();
    table.text('name').notNullable();
    table.text('node_red').notNullable();
    table.text('node_js');
    table.text('state').notNullable();
    table.text('detail');
    table.float('progress');
    table.boolean('is_default').notNullable();
  });
  await knex.schema.createTable('templates', (table) => {
    table.text('id').primary();
    table.text('name').notNullable();
    table.text('description').notNullable();
    table.boolean('is_default').notNullable();
  });
}

async function createTeams(knex: Knex): Promise<void> {
  await knex.schema.createTable('teams', (table) => {
    table.text('id').primary();
    table.text('name').notNullable();
    table.text('slug').notNullable().unique();
    table.text('team_type_id').notNullable().references('team_types.id');
    /** Kept with every device that comes and goes, so that a page of a long list need not count them all. */
    table.integer('device_count').notNullable().defaultTo(0);
    table.text('created_at').notNullable();
  });
  await knex.schema.createTable('team_members', (table) => {
    table.text('team_id').notNullable().references('teams.id').onDelete('CASCADE');
    table.text('user_id').notNullable().references('users.id').onDelete('CASCADE').index();
    table.text('role').notNullable();
    table.text('since').notNullable();
    table.primary(['team_id', 'user_id']);
  });
  await knex.schema.createTable('applications', (table) => {
    table.text('id').primary();
    table.text('team_id').notNullable().references('teams.id').index();
    table.text('name').notNullable();
    table.text('description').notNullable();
    table.text('created_at').notNullable();
  });
  await knex.schema.createTable('application_roles', (table) => {
    table.text('application_id').notNullable().references('applications.id').onDelete('CASCADE');
    table.text('user_id').notNullable().references('users.id').onDelete('CASCADE').index();
    table.text('role').notNullable();
    table.primary(['application_id', 'user_id']);
  });
}

async function createSnapshots(knex: Knex): Promise<void> {
  await knex.schema.createTable('blobs', (table) => {
    table.text('digest').primary();
    table.binary('bytes').notNullable();
    table.integer('size').notNullable();
    table.text('created_at').notNullable();
  });
  await knex.schema.createTable('snapshots', (table) => {
    table.text('id').primary();
    table.text('team_id').notNullable().references('teams.id');
    table.text('application_id').index();
    table.text('instance_id').index();
    table.text('device_id').index();
    table.text('owner_name').notNullable();
    table.text('name').notNullable();
    table.text('description').notNullable();
    table.text('kind').notNullable();
    table.text('author').notNullable();
    table.text('manifest').notNullable();
    table.integer('flows').notNullable();
    table.integer('nodes').notNullable();
    table.text('created_at').notNullable();
  });
}

async function createInstances(knex: Knex): Promise<void> {
  await knex.schema.createTable('instances', (table) => {
    table.text('id').primary();
    table.text('name').notNullable().unique();
    table.text('description').notNullable();
    table.text('team_id').notNullable().references('teams.id').index();
    table.text('application_id').notNullable().references('applications.id').index();
    table.text('instance_type_id').notNullable().references('instance_types.id');
    table.text('stack_id').notNullable().references('stacks.id').index();
    table.text('template_id').notNullable().references('templates.id');
    table.text('desired').notNullable();
    table.integer('restarts').notNullable().defaultTo(0);
    table.text('folder');
    table.text('state').notNullable();
    table.text('step');
    table.text('reason');
    table.text('since').notNullable();
    table.integer('flows_revision').notNullable().defaultTo(0);
    table.text('flows_digest').notNullable();
    table.text('credentials_digest');
    table.text('modules').notNullable();
    table.text('flows_changed_at');
    table.text('flows_changed_by');
    table.text('running_snapshot_id');
    table.text('target_snapshot_id').index();
    table.text('credential_secret').notNullable();
    table.text('created_at').notNullable();
  });
  await knex.schema.createTable('instance_variables', (table) => {
    table.text('instance_id').notNullable().references('instances.id').onDelete('CASCADE');
    table.text('name').notNullable();
    table.text('value');
    table.boolean('secret').notNullable();
    table.primary(['instance_id', 'name']);
  });
}

async function createDevices(knex: Knex): Promise<void> {
  await knex.schema.createTable('device_groups', (table) => {
    table.text('id').primary();
    table.text('application_id').notNullable().references('applications.id').index();
    table.text('name').notNullable();
    table.text('description').notNullable();
    table.text('target_snapshot_id').index();
    table.text('created_at').notNullable();
  });
  await knex.schema.createTable('devices', (table) => {
    table.text('id').primary();
    table.text('team_id').notNullable().references('teams.id');
    table.text('application_id').references('applications.id');
    table.text('instance_id').references('instances.id');
    table.text('device_group_id').references('device_groups.id');
    table.text('name').notNullable();
    table.text('type').notNullable();
    table.text('token_hash').notNullable().unique();
    table.text('credential_secret').notNullable();
    table.text('target_snapshot_id').index();
    table.text('desired').notNullable();
    table.integer('restarts').notNullable().defaultTo(0);
    table.integer('retries').notNullable().defaultTo(0);
    table.integer('generation').notNullable().defaultTo(1);
    table.boolean('online').notNullable().defaultTo(false);
    table.text('last_seen_at');
    table.text('state').notNullable();
    table.text('step');
    table.float('progress');
    table.text('reason');
    table.text('since').notNullable();
    table.integer('current_generation').notNullable().defaultTo(0);
    table.text('running_snapshot_id').index();
    table.text('failed_snapshot_id');
    table.text('agent_version');
    table.text('node_red');
    table.text('node_js');
    table.text('platform');
    table.float('clock_skew_ms');
    table.text('created_at').notNullable();
    for (const owner of ['team_id', 'application_id', 'instance_id', 'device_group_id']) {
      table.index([owner, 'name', 'id']);
    }
  });
  await knex.schema.createTable('provisioning_tokens', (table) => {
    table.text('id').primary();
    table.text('team_id').notNullable().references('teams.id').onDelete('CASCADE').index();
    table.text('name').notNullable();
    table.text('token_hash').notNullable().unique();
    table.text('application_id').references('applications.id').onDelete('CASCADE');
    table.text('instance_id').references('instances.id').onDelete('CASCADE');
    table.text('device_group_id').references('device_groups.id').onDelete('CASCADE');
    table.text('expires_at');
    table.integer('uses');
    table.integer('used').notNullable().defaultTo(0);
    table.text('created_at').notNullable();
  });
}

async function createPipelines(knex: Knex): Promise<void> {
  await knex.schema.createTable('pipelines', (table) => {
    table.text('id').primary();
    table.text('application_id').notNullable().references('applications.id').onDelete('CASCADE').index();
    table.text('name').notNullable();
    table.text('created_at').notNullable();
  });
  await knex.schema.createTable('stages', (table) => {
    table.text('id').primary();
    table.text('pipeline_id').notNullable().references('pipelines.id').onDelete('CASCADE').index();
    table.integer('position').notNullable();
    table.text('name').notNullable();
    table.text('action').notNullable();
    table.boolean('protected').notNullable();
    table.text('instance_id').references('instances.id').index();
    table.text('device_id').references('devices.id').index();
    table.text('device_group_id').references('device_groups.id').index();
  });
  await knex.schema.createTable('deployments', (table) => {
    table.text('id').primary();
    table.text('team_id').notNullable();
    table.text('application_id').notNullable().index();
    table.text('pipeline_id').notNullable().references('pipelines.id').onDelete('CASCADE').index();
    table.text('from_stage_id').notNullable();
    table.text('from_name').notNullable();
    table.text('to_stage_id').notNullable();
    table.text('to_name').notNullable();
    table.text('snapshot_id').notNullable().index();
    table.text('snapshot_name').notNullable();
    table.text('state').notNullable().index();
    table.text('message');
    table.text('author').notNullable();
    table.text('author_id').notNullable();
    table.text('created_at').notNullable();
    table.text('finished_at');
  });
  await knex.schema.createTable('deployment_targets', (table) => {
    table.text('deployment_id').notNullable().references('deployments.id').onDelete('CASCADE');
    table.text('kind').notNullable();
    table.text('target_id').notNullable().index();
    table.text('name').notNullable();
    table.integer('wave').notNullable();
    table.text('state').notNullable();
    table.text('reason');
    table.text('previous_snapshot_id');
    table.primary(['deployment_id', 'target_id']);
  });
}

async function createRecords(knex: Knex): Promise<void> {
  await knex.schema.createTable('audit_entries', (table) => {
    table.text('id').primary();
    table.text('at').notNullable();
    table.text('event').notNullable();
    table.text('actor_kind').notNullable();
    table.text('actor_id');
    table.text('actor_name').notNullable();
    table.text('via').notNullable();
    table.text('team_id');
    table.text('application_id');
    table.text('subject_kind').notNullable();
    table.text('subject_id').notNullable();
    table.text('subject_name').notNullable();
    table.text('details').notNullable();
    table.index(['team_id', 'id']);
    table.index(['application_id', 'id']);
    table.index(['subject_kind', 'subject_id', 'id']);
  });
  await knex.schema.createTable('idempotency_keys', (table) => {
    table.text('key').primary();
    table.integer('status').notNullable();
    table.text('body').notNullable();
    table.text('created_at').notNullable();
  });
  await knex.schema.createTable('oauth_codes', (table) => {
    table.text('code_hash').primary();
    table.text('user_id').notNullable().references('users.id').onDelete('CASCADE');
    table.text('session_id').notNullable().references('sessions.id').onDelete('CASCADE');
    table.text('instance_id').notNullable().references('instances.id').onDelete('CASCADE');
    table.text('redirect_uri').notNullable();
    table.text('code_challenge').notNullable();
    table.text('expires_at').notNullable();
  });
  await knex.schema.createTable('editor_sessions', (table) => {
    table.text('token_hash').primary();
    table.text('user_id').notNullable().references('users.id').onDelete('CASCADE');
    table.text('session_id').notNullable().references('sessions.id').onDelete('CASCADE');
    table.text('instance_id').notNullable().references('instances.id').onDelete('CASCADE');
    table.text('expires_at').notNullable();
  });
}
