import { ROLES, type Role } from '@flowyard/protocol';
import { auditActor, SYSTEM } from '../../access/actor.ts';
import type { GroupRole } from '../../config.ts';
import type { Transaction } from '../../db/database.ts';
import { AppError } from '../../errors.ts';
import { refuseBeyondLimit } from '../team-types/limits.ts';
import type { UserRow } from '../users/store.ts';

type Change = 'member.added' | 'member.changed' | 'member.removed';
interface Team {
  id: string;
  name: string;
}

function stronger(a: Role | undefined, b: Role): Role {
  return a !== undefined && ROLES.indexOf(a) > ROLES.indexOf(b) ? a : b;
}

/** What the groups of a person give: by the slug of the team, and whether they are an administrator. */
export function rolesOfGroups(mapping: readonly GroupRole[], groups: readonly string[]) {
  const roles = new Map<string, Role>();
  let admin = false;
  for (const given of mapping.filter(({ group }) => groups.includes(group))) {
    if (given.teamSlug === null) {
      admin = true;
    } else {
      roles.set(given.teamSlug, stronger(roles.get(given.teamSlug), given.role));
    }
  }
  return { roles, admin };
}

/**
 * Gives a person the roles of their groups and takes those whose group is gone. What was given by hand stays, and
 * nobody is taken from a team as its last owner.
 */
export async function applyGroups(
  tx: Transaction,
  user: UserRow,
  given: { roles: ReadonlyMap<string, Role>; admin: boolean },
): Promise<void> {
  const teams = await tx.stores.singleSignOn.teamsBySlug([...given.roles.keys()]);
  const wanted = new Map(
    teams.map((team) => [team.id, { team, role: given.roles.get(team.slug) ?? 'viewer' }]),
  );
  const before = await tx.stores.singleSignOn.groupRoles(user.id);
  const all = new Map<string, Team>([
    ...before.map(({ teamId, teamName }) => [teamId, { id: teamId, name: teamName }] as const),
    ...teams.map((team) => [team.id, team] as const),
  ]);
  // In a fixed order, as everybody does who locks several teams.
  for (const [teamId, team] of [...all].sort(([a], [b]) => (a < b ? -1 : 1))) {
    await tx.stores.teams.lock(teamId);
    const earlier = before.find((row) => row.teamId === teamId)?.role ?? null;
    await applyInTeam(tx, user, team, earlier, wanted.get(teamId)?.role ?? null);
  }
  await applyAdmin(tx, user, given.admin);
}

async function applyInTeam(
  tx: Transaction,
  user: UserRow,
  team: Team,
  earlier: Role | null,
  wanted: Role | null,
): Promise<void> {
  const store = tx.stores.singleSignOn;
  const now = (await tx.stores.teams.findMember(team.id, user.id))?.role ?? null;
  const byHand = now !== null && now !== earlier;
  if (byHand || (wanted === null && now === null)) {
    await store.deleteGroupRole(user.id, team.id);
    return;
  }
  if (wanted === now) {
    return;
  }
  const leavesNoOwner = now === 'owner' && (await tx.stores.teams.countOwners(team.id)) === 1;
  if (leavesNoOwner) {
    return;
  }
  if (wanted === null) {
    await tx.stores.teams.deleteMember(team.id, user.id);
    await store.deleteGroupRole(user.id, team.id);
    await record(tx, 'member.removed', team, user, now);
  } else if (now === null) {
    if (await join(tx, team, user, wanted)) {
      await store.setGroupRole(user.id, team.id, wanted);
      await record(tx, 'member.added', team, user, wanted);
    }
  } else {
    await tx.stores.teams.updateMember(team.id, user.id, wanted);
    if (wanted === 'owner') {
      await tx.stores.teams.deleteApplicationRoles(team.id, user.id);
    }
    await store.setGroupRole(user.id, team.id, wanted);
    await record(tx, 'member.changed', team, user, wanted);
  }
}

/** A team that is full does not keep somebody from signing in; they are tried again the next time. */
async function join(tx: Transaction, team: Team, user: UserRow, role: Role): Promise<boolean> {
  await tx.stores.teams.insertMember(team.id, user.id, role, new Date().toISOString());
  try {
    await refuseBeyondLimit(tx, team.id, 'members');
    return true;
  } catch (error) {
    if (error instanceof AppError && error.code === 'limit_reached') {
      await tx.stores.teams.deleteMember(team.id, user.id);
      return false;
    }
    throw error;
  }
}

async function applyAdmin(tx: Transaction, user: UserRow, wanted: boolean): Promise<void> {
  const store = tx.stores.singleSignOn;
  const byGroup = await store.isAdminByGroup(user.id);
  if (wanted && !user.admin) {
    await tx.stores.users.update(user.id, { admin: true });
    await store.setAdminByGroup(user.id, true);
    await recordAdmin(tx, user, true);
  } else if (!wanted && byGroup) {
    await tx.stores.users.lockAdministrators();
    if (user.admin && (await tx.stores.users.countAdministrators()) > 1) {
      await tx.stores.users.update(user.id, { admin: false });
      await store.setAdminByGroup(user.id, false);
      await recordAdmin(tx, user, false);
    }
  }
}

function record(tx: Transaction, event: Change, team: Team, user: UserRow, role: Role | null): Promise<void> {
  return tx.audit({
    event,
    actor: auditActor(SYSTEM),
    teamId: team.id,
    applicationId: null,
    subject: { kind: 'team', id: team.id, name: team.name },
    details: { username: user.username, role, by: 'groups of single sign-on' },
  });
}

function recordAdmin(tx: Transaction, user: UserRow, admin: boolean): Promise<void> {
  return tx.audit({
    event: 'user.changed',
    actor: auditActor(SYSTEM),
    teamId: null,
    applicationId: null,
    subject: { kind: 'user', id: user.id, name: user.username },
    details: { before: { admin: !admin }, after: { admin }, by: 'groups of single sign-on' },
  });
}
