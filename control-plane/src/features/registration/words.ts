import { randomInt } from 'node:crypto';
import { wordlist } from '@scure/bip39/wordlists/english';

/** Three words that can be read out over the telephone: 33 bits, for what is short-lived and limited in attempts. */
export function threeWords(): string {
  return Array.from({ length: 3 }, () => wordlist[randomInt(wordlist.length)]).join('-');
}
