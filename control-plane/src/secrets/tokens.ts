import { createHash, randomBytes } from 'node:crypto';

/** What a token is for; its prefix, so that one that leaks can be recognised. */
const PREFIXES = {
  session: 'fys_',
  access: 'fya_',
  device: 'fyd_',
  provisioning: 'fyp_',
  code: 'fyc_',
  editor: 'fye_',
  setup: 'fyw_',
  http: 'fyh_',
  invitation: 'fyi_',
  reset: 'fyn_',
  tunnel: 'fyt_',
  registration: 'fyq_',
  trigger: 'fyg_',
  'node-red': 'fyr_',
} as const;
export type TokenKind = keyof typeof PREFIXES;

/** A new token of 256 bits. Only its hash is stored. */
export function newToken(kind: TokenKind): string {
  return PREFIXES[kind] + randomBytes(32).toString('base64url');
}

export function isToken(kind: TokenKind, token: string): boolean {
  return token.startsWith(PREFIXES[kind]);
}

export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
