import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { AuditVerification } from '@flowyard/protocol';
import { ConfigError, readConfig } from '../config.ts';
import { openDatabase } from '../db/connection.ts';
import { AuditStore } from '../features/audit/store.ts';
import { verifyAuditLog } from '../features/audit/verify.ts';
import { loadSecretKey } from '../secrets/secret-key.ts';
import { Vault } from '../secrets/vault.ts';

const USAGE = `flowyard audit verify [--data <folder>] [--config <file>] [--expect <hash>] [--json]
Looks whether anything in the audit log was changed, removed or slipped in. The control plane may run meanwhile.`;

function readArguments(argv: string[]) {
  try {
    const { values, positionals } = parseArgs({
      args: argv,
      allowPositionals: true,
      options: {
        data: { type: 'string' },
        config: { type: 'string' },
        expect: { type: 'string' },
        json: { type: 'boolean' },
      },
    });
    if (positionals.length !== 1 || positionals[0] !== 'verify') {
      throw new ConfigError(USAGE);
    }
    return values;
  } catch (error) {
    throw error instanceof ConfigError ? error : new ConfigError(`${(error as Error).message}\n${USAGE}`);
  }
}

function describe({ intact, entries, pruned, head, problems }: AuditVerification): string {
  const size = `${entries} entries, ${pruned} of them removed by retention`;
  const end = head === null ? '' : `\nHead: ${head.sequence} ${head.hash}`;
  if (intact) {
    return `The audit log is intact: ${size}.${end}`;
  }
  const list = problems.map(({ sequence, message }) => `  ${sequence ?? '-'}: ${message}`).join('\n');
  return `The audit log is NOT intact (${size}):\n${list}${end}`;
}

/**
 * `flowyard audit verify`.
 * @returns 0 when the log is intact, 1 when it is not
 * @throws ConfigError when it was called wrongly or there is no database
 */
export async function runAuditCommand(argv: string[], env: NodeJS.ProcessEnv): Promise<number> {
  const options = readArguments(argv);
  const forward = (['data', 'config'] as const).flatMap((name) =>
    options[name] === undefined ? [] : [`--${name}`, options[name]],
  );
  const config = readConfig(forward, env);
  const file = join(config.dataDir, 'flowyard.sqlite');
  if (config.databaseUrl === null && !existsSync(file)) {
    throw new ConfigError(`FLOWYARD_DATA: there is no database in ${config.dataDir}`);
  }
  const vault = new Vault(loadSecretKey(config.secretKey, config.dataDir));
  const knex = openDatabase(config.databaseUrl === null ? { file } : { url: config.databaseUrl });
  try {
    const result = await verifyAuditLog(new AuditStore(knex), vault.auditKey, options.expect ?? null);
    process.stdout.write(`${options.json ? JSON.stringify(result) : describe(result)}\n`);
    return result.intact ? 0 : 1;
  } finally {
    await knex.destroy();
  }
}
