import type { InvitationView, OwnInvitation } from '@flowyard/protocol';
import type { InvitationRow } from './store.ts';

export function presentInvitation(row: InvitationRow): InvitationView {
  return {
    id: row.id,
    invitee: row.invitee,
    forAccount: row.userId !== null,
    role: row.role,
    invitedBy: row.invitedBy,
    createdAt: row.createdAt,
    expiresAt: row.expiresAt,
    expired: row.expiresAt <= new Date().toISOString(),
  };
}

export function presentOwnInvitation(row: InvitationRow): OwnInvitation {
  return {
    id: row.id,
    teamName: row.teamName,
    role: row.role,
    invitedBy: row.invitedBy,
    expiresAt: row.expiresAt,
  };
}
