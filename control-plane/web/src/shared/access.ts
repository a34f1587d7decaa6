import { rolePermissions } from 'virtual:vocabulary';
import type { ApplicationRole, Permission, Role } from '@flowyard/protocol';
import { useSession } from '../features/session/session-store.ts';

type AnyRole = Role | ApplicationRole | null | undefined;

/** Whether a person of that role may do it. The server decides in the end; this hides what it would refuse. */
export function roleMay(role: AnyRole, permission: Permission): boolean {
  return role !== null && role !== undefined && role !== 'none' && rolePermissions[role].includes(permission);
}

/** The check for the person who is signed in, with their role where the page is. */
export function useMay(role: () => AnyRole): (permission: Permission) => boolean {
  const session = useSession();
  return (permission) => session.user?.admin === true || roleMay(role(), permission);
}
