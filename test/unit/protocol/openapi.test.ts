import assert from 'node:assert/strict';
import { buildOpenApi, OPERATIONS, ROLES, roleMay } from '@flowyard/protocol';

describe('The published API', () => {
  it('describes every operation once', () => {
    const document = buildOpenApi('1.2.3') as {
      paths: Record<string, Record<string, { operationId: string }>>;
    };
    const ids = Object.values(document.paths).flatMap((path) =>
      Object.values(path).map(({ operationId }) => operationId),
    );

    assert.equal(new Set(ids).size, ids.length);
    assert.deepEqual(new Set(ids), new Set(OPERATIONS.map(({ operation }) => operation.id)));
  });

  it('names every parameter of a path', () => {
    for (const { operation } of OPERATIONS) {
      const names = [...operation.path.matchAll(/:(\w+)/g)].map((match) => match[1]);
      assert.deepEqual(Object.keys(operation.params.shape).sort(), names.sort(), operation.id);
    }
  });
});

describe('Roles', () => {
  it('may do at least what a weaker one may', () => {
    for (const [index, role] of ROLES.entries()) {
      const weaker = ROLES[index - 1];
      if (weaker !== undefined && roleMay(weaker, 'team:read')) {
        assert.ok(roleMay(role, 'team:read'));
      }
    }
  });

  it('may nothing without one', () => {
    assert.equal(roleMay('none', 'team:read'), false);
    assert.equal(roleMay(null, 'team:read'), false);
  });
});
