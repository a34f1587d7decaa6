/** A page for administrators of the platform. */
export interface PlatformPlace {
  name: string;
  to: string;
}

/** The first is where one arrives. */
export const PLATFORM_PLACES: readonly PlatformPlace[] = [
  { name: 'Stacks', to: '/admin/stacks' },
  { name: 'Instance types', to: '/admin/instance-types' },
  { name: 'Templates', to: '/admin/templates' },
  { name: 'Blueprints', to: '/admin/blueprints' },
  { name: 'Team types', to: '/admin/team-types' },
  { name: 'Users', to: '/admin/users' },
  { name: 'Audit', to: '/admin/audit' },
  { name: 'Settings', to: '/admin/settings' },
];

export function isAtPlatformPlace(path: string, { to }: PlatformPlace): boolean {
  return path === to || path.startsWith(`${to}/`);
}
