import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { EditorIdentity } from '@flowyard/protocol';

/**
 * Who the signed string says is at the editor; null when it was not signed by the control plane, is meant for another
 * instance, or is out of date.
 */
export function verifyIdentity(
  signed: string,
  key: KeyObject,
  expected: { instanceId: string; nowSeconds: number },
): EditorIdentity | null {
  const [payload, signature, ...rest] = signed.split('.');
  if (!payload || !signature || rest.length > 0) {
    return null;
  }
  if (!verify(null, Buffer.from(payload), key, Buffer.from(signature, 'base64url'))) {
    return null;
  }
  const identity = parse(payload);
  return identity?.instanceId === expected.instanceId && identity.expires > expected.nowSeconds
    ? identity
    : null;
}

function parse(payload: string): EditorIdentity | null {
  try {
    const value = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    const isIdentity =
      typeof value?.userId === 'string' &&
      typeof value.username === 'string' &&
      typeof value.role === 'string' &&
      typeof value.instanceId === 'string' &&
      typeof value.expires === 'number';
    return isIdentity ? value : null;
  } catch {
    return null;
  }
}

/** The key from its PEM; null when it is none. */
export function readPublicKey(pem: string): KeyObject | null {
  try {
    return createPublicKey(pem);
  } catch {
    return null;
  }
}
