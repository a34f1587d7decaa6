import assert from 'node:assert/strict';
import { OPERATIONS } from '@flowyard/protocol';
import { checkRoutes } from '../../../control-plane/src/http/check-routes.ts';
import { may, open, type Route } from '../../../control-plane/src/http/route.ts';

function everyRoute(): Route[] {
  return OPERATIONS.map(({ operation }) => ({
    operation,
    guard: open('a test'),
    handle: async () => undefined,
  }));
}

describe('The check of routes at the start', () => {
  it('passes when every operation is bound once', () => {
    checkRoutes(everyRoute());
  });

  it('refuses an operation that is bound twice, not at all, or without a guard', () => {
    const [first, ...others] = everyRoute();
    assert.ok(first);

    assert.throws(
      () => checkRoutes([first, first, ...others]),
      new RegExp(`${first.operation.id} has two routes`),
    );
    assert.throws(() => checkRoutes(others), new RegExp(`no route: ${first.operation.id}`));
    const unguarded = { ...first, guard: undefined } as unknown as Route;
    assert.throws(() => checkRoutes([unguarded, ...others]), /declares no permission/);
  });

  it('refuses a permission that is checked on a parameter the path does not have', () => {
    const routes = everyRoute().map((route) =>
      route.operation.id === 'getInstance'
        ? { ...route, guard: may('instance:read', 'instance', 'instanceId') }
        : route,
    );

    assert.throws(() => checkRoutes(routes), /getInstance has no parameter instanceId/);
  });
});
