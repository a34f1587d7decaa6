import { randomBytes } from 'node:crypto';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const RANDOM_CHARACTERS = 16;

/** A new identifier: ten characters of time, sixteen of chance; later ones sort after earlier ones. */
export function newId(now: number = Date.now()): string {
  let time = '';
  for (let rest = now, i = 0; i < 10; i++) {
    time = ALPHABET.charAt(rest % 32) + time;
    rest = Math.floor(rest / 32);
  }
  let chance = '';
  for (const byte of randomBytes(RANDOM_CHARACTERS)) {
    chance += ALPHABET.charAt(byte % 32);
  }
  return time + chance;
}
