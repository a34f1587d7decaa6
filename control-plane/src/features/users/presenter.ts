import type { AccessTokenView, UserView } from '@flowyard/protocol';
import type { AccessTokenRow } from './session-store.ts';
import type { UserRow } from './store.ts';

export function presentUser(row: UserRow): UserView {
  return {
    id: row.id,
    username: row.username,
    name: row.name,
    email: row.email,
    admin: row.admin,
    suspended: row.suspended,
    createdAt: row.createdAt,
  };
}

export function presentAccessToken(row: AccessTokenRow): AccessTokenView {
  return {
    id: row.id,
    name: row.name,
    teamId: row.teamId,
    applicationId: row.applicationId,
    readOnly: Boolean(row.readOnly),
    expiresAt: row.expiresAt,
    lastUsedAt: row.lastUsedAt,
    createdAt: row.createdAt,
  };
}
