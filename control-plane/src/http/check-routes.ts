import { OPERATIONS } from '@flowyard/protocol';
import type { Route } from './route.ts';

/**
 * Refuses to start with an API that is not whole: an operation without a route, a route bound twice, or a
 * permission checked on a parameter that the path does not have.
 */
export function checkRoutes(routes: readonly Route[]): void {
  const bound = new Set<string>();
  for (const { operation, guard } of routes) {
    if (bound.has(operation.id)) {
      throw new Error(`The operation ${operation.id} has two routes.`);
    }
    bound.add(operation.id);
    if (guard === undefined) {
      throw new Error(`The operation ${operation.id} declares no permission.`);
    }
    if (guard.kind === 'permission' && !operation.path.split('/').includes(`:${guard.param}`)) {
      throw new Error(
        `The operation ${operation.id} has no parameter ${guard.param} to check its permission on.`,
      );
    }
  }
  const missing = OPERATIONS.filter(({ operation }) => !bound.has(operation.id)).map(
    ({ operation }) => operation.id,
  );
  if (missing.length > 0) {
    throw new Error(`These operations have no route: ${missing.join(', ')}.`);
  }
}
