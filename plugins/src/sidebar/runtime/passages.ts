/** What the sidebar may ask of the API; nothing else goes through. Whether a person may do it, the control plane says. */

export const READS = [
  '/instances/:id',
  '/devices/:id',
  '/instances/:id/snapshots',
  '/devices/:id/snapshots',
  '/snapshots/:id',
  '/snapshots/:id/flows',
  '/snapshots/:id/diff/:otherId',
  '/snapshots/:id/diff/instance/:otherId',
  '/snapshots/:id/diff/device/:otherId',
  '/applications/:id/snapshots',
  '/applications/:id/pipelines',
  '/applications/:id/devices',
  '/stages/:id/dry-run',
  '/deployments/:id',
  '/deployments/:id/targets',
  '/devices/:id/logs',
  // To choose with what a Node-RED works that does not run in Flowyard.
  '/teams',
  '/teams/:id/instances',
  '/teams/:id/devices',
] as const;

export const WRITES = [
  ['post', '/instances/:id/snapshots'],
  ['post', '/devices/:id/snapshots'],
  ['post', '/instances/:id/snapshots/import'],
  ['post', '/devices/:id/snapshots/import'],
  ['post', '/snapshots/:id/export'],
  ['patch', '/snapshots/:id'],
  ['delete', '/snapshots/:id'],
  ['post', '/instances/:id/rollback'],
  ['put', '/instances/:id/target-snapshot'],
  ['put', '/devices/:id/target-snapshot'],
  ['post', '/stages/:id/deploy'],
  ['post', '/deployments/:id/actions'],
  ['post', '/deployments/:id/approval'],
] as const;

const ID = /^[0-9a-z]{6,40}$/;

export function isId(value: unknown): value is string {
  return typeof value === 'string' && ID.test(value);
}

/** The path of the API for one of the templates; null when what stands for an identifier is none. */
export function fillIn(template: string, parameters: Record<string, unknown>): string | null {
  let isGood = true;
  const path = template.replace(/:(\w+)/g, (_whole, name: string) => {
    const value = parameters[name];
    isGood &&= isId(value);
    return String(value);
  });
  return isGood ? path : null;
}
