import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { Database } from '../db/database.ts';
import type { Listeners } from '../http/listeners.ts';
import type { Changes } from '../relay/changes.ts';
import type { Vault } from '../secrets/vault.ts';

/** What everything stands on. */
export interface Foundation {
  config: Config;
  logger: Logger;
  db: Database;
  changes: Changes;
  vault: Vault;
  listeners: Listeners;
}
