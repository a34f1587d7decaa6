import { z } from 'zod';

/** Roles in a team, weakest first. */
export const ROLES = ['dashboard', 'viewer', 'member', 'owner'] as const;
export const Role = z.enum(ROLES);
export type Role = z.infer<typeof Role>;

/** An application may set a member's role up, down, or to `none`, which hides the application. */
export const ApplicationRole = z.enum([...ROLES, 'none']);
export type ApplicationRole = z.infer<typeof ApplicationRole>;

const DASHBOARD = ['team:read', 'application:read', 'instance:open-page', 'device:open-page'] as const;

const VIEWER = [
  ...DASHBOARD,
  'member:read',
  'audit:read',
  'instance:read',
  'instance:open-editor',
  'snapshot:read',
  'blueprint:read',
  'device:read',
  'device:open-editor',
  'device-group:read',
  'pipeline:read',
] as const;

const MEMBER = [
  ...VIEWER,
  'instance:control',
  'instance:edit',
  'instance:edit-flows',
  'snapshot:create',
  'snapshot:edit',
  'snapshot:export',
  'snapshot:restore',
  'snapshot:target',
  'device:edit',
  'device:control',
  'device:develop',
  'pipeline:deploy',
  'message:relay',
] as const;

const OWNER = [
  ...MEMBER,
  'team:edit',
  'team:delete',
  'member:edit',
  'invitation:read',
  'application:create',
  'application:edit',
  'application:delete',
  'instance:create',
  'instance:configure',
  'instance:delete',
  'snapshot:delete',
  'blueprint:edit',
  'recycle-bin:read',
  'recycle-bin:edit',
  'device:create',
  'device:delete',
  'device-group:edit',
  'pipeline:edit',
  'pipeline:deploy-protected',
  'provisioning:read',
  'provisioning:edit',
  'webhook:read',
  'webhook:edit',
  'audit-stream:read',
  'audit-stream:edit',
  'usage:read',
] as const;

export type Permission = (typeof OWNER)[number];

/** The one table that says which permission each role has. */
export const ROLE_PERMISSIONS: Readonly<Record<Role, ReadonlySet<Permission>>> = {
  dashboard: new Set(DASHBOARD),
  viewer: new Set(VIEWER),
  member: new Set(MEMBER),
  owner: new Set(OWNER),
};

export const PERMISSIONS: readonly Permission[] = OWNER;

/** Whether a person of that role may do it; `none` and no role may nothing. */
export function roleMay(role: ApplicationRole | null | undefined, permission: Permission): boolean {
  return role !== null && role !== undefined && role !== 'none' && ROLE_PERMISSIONS[role].has(permission);
}
