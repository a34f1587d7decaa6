import { randomBytes, scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import { isSecretSetting, type RuntimeSettings, SETTING_KEYS, type SettingKey } from '@flowyard/protocol';
import { invalid } from '../../errors.ts';
import type { Passwords } from '../../secrets/passwords.ts';
import type { Vault } from '../../secrets/vault.ts';

/** Settings as they are stored: secrets sealed, passwords hashed. */
export type StoredSettings = { [K in SettingKey]?: unknown };

export interface Sealers {
  vault: Vault;
  passwords: Passwords;
}

const SALT_BYTES = 16;
const KEY_BYTES = 32;
const derive = promisify(scrypt) as (password: string, salt: Buffer, length: number) => Promise<Buffer>;

/** For Node-RED's own process, which has no more than what Node.js brings. */
export async function hashForProcess(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const key = await derive(password, salt, KEY_BYTES);
  return `scrypt$${salt.toString('base64url')}$${key.toString('base64url')}`;
}

function sealed(key: SettingKey, text: string, { vault, passwords }: Sealers): Promise<string> | string {
  switch (key) {
    case 'palette.npmrc':
      return vault.seal(text);
    case 'login.password':
      return hashForProcess(text);
    default:
      return passwords.hash(text);
  }
}

/** Seals what is new. Outside transactions, since hashing takes its time. */
export async function sealSettings(input: RuntimeSettings, sealers: Sealers): Promise<StoredSettings> {
  const stored: StoredSettings = {};
  for (const key of SETTING_KEYS) {
    const value = input[key];
    if (value !== undefined) {
      stored[key] =
        isSecretSetting(key) && typeof value === 'string' ? await sealed(key, value, sealers) : value;
    }
  }
  return stored;
}

function isKept(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'set' in value;
}

/**
 * Puts what was stored before in the place of `{set: true}`.
 * @throws AppError 422 when nothing was stored
 */
export function keepSecrets(
  sealedInput: StoredSettings,
  before: StoredSettings,
  field: string,
): StoredSettings {
  const kept = Object.entries(sealedInput).map(([key, value]) => {
    if (!isSecretSetting(key as SettingKey) || !isKept(value)) {
      return [key, value];
    }
    const known = before[key as SettingKey];
    if (typeof known !== 'string') {
      throw invalid(`${field}.${key}`, 'is to stay as it is, but nothing is stored');
    }
    return [key, known];
  });
  return Object.fromEntries(kept) as StoredSettings;
}

/** A stored value as people may see it. */
export function shownSetting(key: SettingKey, value: unknown): unknown {
  return isSecretSetting(key) && value !== null && value !== undefined ? { set: true } : value;
}

export function readStored(json: string): StoredSettings {
  return JSON.parse(json) as StoredSettings;
}

/** For the audit log and for people: which keys differ. */
export function changedKeys(before: StoredSettings, after: StoredSettings): SettingKey[] {
  return SETTING_KEYS.filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]));
}
