import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import knexFactory, { type Knex } from 'knex';
import * as foundation from './migrations/001-foundation.ts';
import * as audit from './migrations/005-audit.ts';
import * as signIn from './migrations/006-sign-in.ts';
import * as people from './migrations/007-people.ts';
import * as secondFactor from './migrations/009-second-factor.ts';
import * as teamTypes from './migrations/010-team-types.ts';
import * as joining from './migrations/011-joining.ts';
import * as recycleBin from './migrations/012-recycle-bin.ts';
import * as singleSignOn from './migrations/013-single-sign-on.ts';
import * as settings from './migrations/016-settings.ts';
import * as catalogue from './migrations/021-catalogue.ts';
import * as instanceChanges from './migrations/022-instance-changes.ts';
import * as deliveries from './migrations/030-deliveries.ts';
import * as notifications from './migrations/031-notifications.ts';
import * as metrics from './migrations/032-metrics.ts';
import * as crashes from './migrations/033-crashes.ts';
import * as blueprints from './migrations/036-blueprints.ts';
import * as flowNodes from './migrations/044-flow-nodes.ts';
import * as teamTerms from './migrations/045-team-terms.ts';
import * as usage from './migrations/046-usage.ts';
import * as passkeys from './migrations/047-passkeys.ts';
import * as previousSnapshot from './migrations/048-previous-snapshot.ts';
import * as deviceConfiguration from './migrations/050-device-configuration.ts';
import * as deviceLabels from './migrations/051-device-labels.ts';
import * as deviceModes from './migrations/054-device-modes.ts';
import * as registration from './migrations/058-registration.ts';
import * as deviceHealth from './migrations/061-device-health.ts';
import * as deviceSpool from './migrations/062-device-spool.ts';
import * as snapshotBlueprint from './migrations/067-snapshot-blueprint.ts';
import * as auditStreams from './migrations/068-audit-streams.ts';
import * as lockFiles from './migrations/071-lock-files.ts';
import * as signInScope from './migrations/072-sign-in-scope.ts';
import * as chunks from './migrations/073-chunks.ts';
import * as partReferences from './migrations/074-part-references.ts';
import * as keptSnapshots from './migrations/075-kept-snapshots.ts';
import * as snapshotSchedules from './migrations/076-snapshot-schedules.ts';
import * as stageActions from './migrations/077-stage-actions.ts';
import * as deviceSnapshots from './migrations/078-device-snapshots.ts';
import * as rollouts from './migrations/080-rollouts.ts';
import * as stageRights from './migrations/084-stage-rights.ts';
import * as stageTriggers from './migrations/085-stage-triggers.ts';
import * as pushedTargets from './migrations/086-pushed-targets.ts';
import * as partChecks from './migrations/088-part-checks.ts';
import * as flowGates from './migrations/089-flow-gates.ts';
import * as nodeRedSignIns from './migrations/092-node-red-sign-ins.ts';
import * as targetsWithoutStateIndex from './migrations/093-targets-without-state-index.ts';
import * as pushesOfATarget from './migrations/094-pushes-of-a-target.ts';
import { type KnexConnection, keepPrepared } from './prepared-statements.ts';

const MIGRATIONS: Record<string, { up: (knex: Knex) => Promise<void>; down: (knex: Knex) => Promise<void> }> =
  {
    '001-foundation': foundation,
    '005-audit': audit,
    '006-sign-in': signIn,
    '007-people': people,
    '009-second-factor': secondFactor,
    '010-team-types': teamTypes,
    '016-settings': settings,
    '030-deliveries': deliveries,
    '031-notifications': notifications,
    '032-metrics': metrics,
    '033-crashes': crashes,
    '044-flow-nodes': flowNodes,
    '045-team-terms': teamTerms,
    '046-usage': usage,
    '047-passkeys': passkeys,
    '011-joining': joining,
    '021-catalogue': catalogue,
    '012-recycle-bin': recycleBin,
    '022-instance-changes': instanceChanges,
    '013-single-sign-on': singleSignOn,
    '036-blueprints': blueprints,
    '048-previous-snapshot': previousSnapshot,
    '050-device-configuration': deviceConfiguration,
    '051-device-labels': deviceLabels,
    '054-device-modes': deviceModes,
    '058-registration': registration,
    '061-device-health': deviceHealth,
    '062-device-spool': deviceSpool,
    '067-snapshot-blueprint': snapshotBlueprint,
    '068-audit-streams': auditStreams,
    '084-stage-rights': stageRights,
    '085-stage-triggers': stageTriggers,
    '086-pushed-targets': pushedTargets,
    '072-sign-in-scope': signInScope,
    '071-lock-files': lockFiles,
    '073-chunks': chunks,
    '074-part-references': partReferences,
    '075-kept-snapshots': keptSnapshots,
    '076-snapshot-schedules': snapshotSchedules,
    '080-rollouts': rollouts,
    '088-part-checks': partChecks,
    '089-flow-gates': flowGates,
    '092-node-red-sign-ins': nodeRedSignIns,
    '093-targets-without-state-index': targetsWithoutStateIndex,
    '094-pushes-of-a-target': pushesOfATarget,
    '077-stage-actions': stageActions,
    '078-device-snapshots': deviceSnapshots,
  };

const BUSY_TIMEOUT_MS = 5000;
const ACQUIRE_TIMEOUT_MS = 30_000;

interface SqliteConnection extends KnexConnection {
  exec(sql: string, done: (error: Error | null) => void): void;
}

function openSqlite(file: string): Knex {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  closeSync(openSync(file, 'a', 0o600));
  chmodSync(file, 0o600);
  return knexFactory({
    client: 'sqlite3',
    connection: { filename: file },
    useNullAsDefault: true,
    acquireConnectionTimeout: ACQUIRE_TIMEOUT_MS,
    pool: {
      min: 1,
      max: 1,
      // FULL, since what was acknowledged must also survive a power cut. The log is written back every 16 MB: a push to a
      // thousand devices writes several.
      afterCreate(
        connection: SqliteConnection,
        done: (error: Error | null, connection: SqliteConnection) => void,
      ) {
        keepPrepared(connection);
        writeFromTheBeginning(connection);
        connection.exec(
          `PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = 4000; PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS};`,
          (error) => done(error, connection),
        );
      },
    },
  });
}

/**
 * Has each transaction wait for its turn to write when it begins. One that reads first would be refused at once, whatever
 * the time-out, when another process (a command of the administrator, say) wrote between its reading and its writing.
 * Source: "Transactions", on sqlite.org/lang_transaction.html
 */
function writeFromTheBeginning(connection: KnexConnection): void {
  const all = connection.all.bind(connection);
  connection.all = (sql, bindings, done) => all(sql === 'BEGIN;' ? 'BEGIN IMMEDIATE;' : sql, bindings, done);
}

function openPostgres(url: string): Knex {
  return knexFactory({
    client: 'pg',
    connection: url,
    acquireConnectionTimeout: ACQUIRE_TIMEOUT_MS,
    pool: { min: 0, max: 10 },
  });
}

/** Opens the database of that address (`postgres://…` or the path of an SQLite file) without changing it. */
export function openDatabase(location: { url: string } | { file: string }): Knex {
  return 'url' in location ? openPostgres(location.url) : openSqlite(location.file);
}

/** Brings the tables up to date. Safe when several processes start at once: Knex holds a lock. */
export async function migrate(knex: Knex): Promise<void> {
  await knex.migrate.latest({
    migrationSource: {
      getMigrations: async () => Object.keys(MIGRATIONS),
      getMigrationName: (name: string) => name,
      getMigration: async (name: string) => {
        const migration = MIGRATIONS[name];
        if (migration === undefined) {
          throw new Error(`There is no migration ${name}`);
        }
        return migration;
      },
    },
  });
}
