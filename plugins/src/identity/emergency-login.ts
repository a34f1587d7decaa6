import { scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import type { RuntimeHost } from '@flowyard/protocol';

const derive = promisify(scrypt) as (password: string, salt: Buffer, length: number) => Promise<Buffer>;

/** Who signed in by password when the control plane was away. The login works only while the settings name it. */
export function emergencyUser(
  host: RuntimeHost,
  username: string,
): { username: string; permissions: string } | null {
  const settings = host.binding()?.settings;
  const isThere =
    settings?.['login.user'] === username &&
    typeof settings['login.password'] === 'string' &&
    settings['editor.enabled'];
  return isThere ? { username, permissions: '*' } : null;
}

/** Takes as long for a name that is not there as for the one that is. */
export async function fitsEmergencyLogin(
  host: RuntimeHost,
  username: string,
  password: string,
): Promise<boolean> {
  const stored = host.binding()?.settings?.['login.password'];
  const [scheme, salt = '', hash = ''] = typeof stored === 'string' ? stored.split('$') : [];
  const expected = Buffer.from(hash, 'base64url');
  if (scheme !== 'scrypt' || expected.length === 0 || typeof password !== 'string') {
    return false;
  }
  const key = await derive(password, Buffer.from(salt, 'base64url'), expected.length);
  return timingSafeEqual(key, expected) && emergencyUser(host, username) !== null;
}
