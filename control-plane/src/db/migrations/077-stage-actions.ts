import type { Knex } from 'knex';

/**
 * Devices and groups passed on what they run, whatever was chosen. Now a device has each choice, and a group those alone
 * that make sense: stages of before go on as they did.
 */
export async function up(knex: Knex): Promise<void> {
  await knex('stages')
    .whereNull('instance_id')
    .whereIn('action', ['create', 'latest'])
    .update({ action: 'active' });
}

/** What was chosen before is not known any more, and made no difference. */
export async function down(): Promise<void> {}
