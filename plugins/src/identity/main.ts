import type { KeyObject } from 'node:crypto';
import type { EditorIdentity, RuntimeHost } from '@flowyard/protocol';
import { emergencyUser, fitsEmergencyLogin } from './emergency-login.ts';
import { readPublicKey, verifyIdentity } from './verify-identity.ts';

/** The header in which the proxy passes the identity on. The same as in protocol/src/identity.ts. */
export const IDENTITY_HEADER = 'x-flowyard-identity';

const MAX_KNOWN = 500;

interface EditorUser {
  username: string;
  permissions: string;
}

/** Node-RED's permission for a role. Others, and `dashboard`, may not open the editor. */
const PERMISSIONS: ReadonlyMap<string, string> = new Map([
  ['owner', '*'],
  ['member', '*'],
  ['viewer', 'read'],
]);

/**
 * Node-RED's `adminAuth`: whoever comes without an identity signed by the control plane has no access. By password
 * one signs in here only where the instance has a login for emergencies. Each request carries the header, so what was verified once is remembered until it expires.
 */
export function createAdminAuth(host: RuntimeHost): Record<string, unknown> {
  const known = new Map<string, { user: EditorUser; expires: number }>();
  let key: KeyObject | null = null;

  const identify = (signed: string): EditorUser | null => {
    const binding = host.binding();
    const nowSeconds = Date.now() / 1000;
    const remembered = known.get(signed);
    if (remembered && remembered.expires > nowSeconds) {
      return remembered.user;
    }
    key ??= binding?.identityKey ? readPublicKey(binding.identityKey) : null;
    if (!binding || !key || binding.settings?.['editor.enabled'] === false) {
      return null;
    }
    const identity = verifyIdentity(signed, key, { instanceId: binding.subjectId, nowSeconds });
    const user = identity && editorUser(identity, signed);
    if (!identity || !user) {
      return null;
    }
    if (known.size >= MAX_KNOWN) {
      known.clear();
    }
    known.set(signed, { user, expires: identity.expires });
    return user;
  };

  return {
    type: 'credentials',
    tokenHeader: IDENTITY_HEADER,
    tokens: async (signed: string) => identify(signed),
    users: async (username: string) => emergencyUser(host, username),
    authenticate: async (username: string, password: string) =>
      (await fitsEmergencyLogin(host, username, password)) ? emergencyUser(host, username) : null,
  };
}

function editorUser(identity: EditorIdentity, signed: string): EditorUser | null {
  const permissions = PERMISSIONS.get(identity.role);
  if (!permissions) {
    return null;
  }
  const user = { username: identity.username, permissions, userId: identity.userId };
  // The storage passes it on with a deploy. It is hidden from whatever prints or sends the user.
  Object.defineProperty(user, 'identity', { value: signed, enumerable: false });
  return user;
}
