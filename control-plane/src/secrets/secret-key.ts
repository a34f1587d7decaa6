import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../config.ts';

/** The platform's secret key: the configured one, or the one in the data folder, which is made at the first start. */
export function loadSecretKey(configured: string | null, dataDir: string): string {
  if (configured !== null) {
    return configured;
  }
  const file = join(dataDir, 'secret.key');
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  try {
    const handle = openSync(file, 'wx', 0o600);
    writeSync(handle, randomBytes(32).toString('hex'));
    fsyncSync(handle);
    closeSync(handle);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw error;
    }
  }
  const key = readFileSync(file, 'utf8').trim();
  if (key.length < 32) {
    throw new ConfigError(`FLOWYARD_SECRET_KEY: ${file} is damaged; put the key from your backup there`);
  }
  return key;
}
