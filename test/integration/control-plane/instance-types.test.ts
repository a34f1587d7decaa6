import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import {
  answeringFlow,
  answers,
  buildApplication,
  buildInstance,
  buildMember,
  uniqueName,
} from '../../support/builders.ts';
import { type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';
import { nodeRedsBelow } from '../../support/processes.ts';

for (const database of ['sqlite', 'postgres'] as const) {
  describe(`Instance types, on ${database}`, () => {
    let cp: RunningControlPlane;
    before(async () => {
      cp = await startControlPlane({ database });
    });
    after(() => cp?.stop());

    const make = (body: object = {}) =>
      cp.admin.call('createInstanceType', { body: { name: uniqueName('Type'), memoryMb: 128, ...body } });

    it('are made, changed and deleted by administrators only', async () => {
      const { teamId } = await buildApplication(cp);
      const { client } = await buildMember(cp, teamId, 'owner');
      const type = await make({ cpuLimit: 0.5, price: 12.5, position: 3, description: 'Small' });
      const params = { id: type.id };
      await client.refused('createInstanceType', 403, { body: { name: 'No', memoryMb: 128 } });
      await client.refused('updateInstanceType', 403, { params, body: { name: 'No' } });
      await client.refused('deleteInstanceType', 403, { params });

      const changed = await cp.admin.call('updateInstanceType', {
        params,
        body: { memoryMb: 256, cpuLimit: null },
      });

      assert.deepEqual(
        { ...changed, id: '', name: '' },
        {
          id: '',
          name: '',
          description: 'Small',
          memoryMb: 256,
          cpuLimit: null,
          price: 12.5,
          position: 3,
          default: false,
          active: true,
          stackIds: [],
          instances: 0,
        },
      );
      await cp.admin.call('deleteInstanceType', { params });
      await cp.admin.refused('updateInstanceType', 404, { params, body: { memoryMb: 128 } });
    });

    it('are listed by their position, and pages follow it', async () => {
      const high = await make({ position: 200 });
      const low = await make({ position: 100 });
      const first = await cp.admin.call('listInstanceTypes', { query: { limit: 1 } });
      const ids = [first.items[0]?.id];
      let cursor = first.nextCursor;
      while (cursor !== null) {
        const page = await cp.admin.call('listInstanceTypes', { query: { limit: 1, cursor } });
        ids.push(page.items[0]?.id);
        cursor = page.nextCursor;
      }

      assert.equal(ids.length, first.total);
      assert.ok(ids.indexOf(low.id) < ids.indexOf(high.id));
      assert.equal(new Set(ids).size, ids.length);
    });

    it('that are used or the default are not deleted; withdrawn ones are kept by who has them', async () => {
      const { applicationId } = await buildApplication(cp);
      const type = await make();
      const params = { id: type.id };
      const create = { params: { id: applicationId }, body: { instanceTypeId: type.id, start: false } };
      const instance = await cp.admin.call('createInstance', {
        ...create,
        body: { ...create.body, name: uniqueName('typed') },
      });

      const used = await cp.admin.refused('deleteInstanceType', 409, { params });
      await cp.admin.call('updateInstanceType', { params, body: { active: false } });
      const withdrawn = await cp.admin.refused('createInstance', 409, {
        ...create,
        body: { ...create.body, name: uniqueName('typed') },
      });

      assert.deepEqual([used.code, used.details], ['in_use', { instances: 1 }]);
      assert.equal(withdrawn.code, 'not_offered');
      const kept = await cp.admin.call('getInstance', { params: { id: instance.id } });
      assert.equal(kept.instanceType.id, type.id);
      const { items } = await cp.admin.call('listInstanceTypes', { query: { limit: 200 } });
      const usual = items.find((item) => item.default)?.id ?? '';
      for (const [name, body] of [
        ['deleteInstanceType', undefined],
        ['updateInstanceType', { active: false }],
      ] as const) {
        const error = await cp.admin.refused(name, 409, { params: { id: usual }, body });
        assert.equal(error.code, 'is_default');
      }
    });

    it('there is one default, also when two are made it at once', async () => {
      const [a, b] = await Promise.all([make(), make()]);
      await Promise.all(
        [a, b].map(({ id }) =>
          cp.admin.call('updateInstanceType', { params: { id }, body: { default: true } }),
        ),
      );

      const { items } = await cp.admin.call('listInstanceTypes', { query: { limit: 200 } });
      assert.equal(items.filter((item) => item.default).length, 1);
    });

    it('are offered with the stacks they name', async () => {
      const { applicationId } = await buildApplication(cp);
      const { items: stacks } = await cp.admin.call('listStacks');
      const other = stacks.find((stack) => !stack.default);
      const usual = stacks.find((stack) => stack.default);
      const type = await make({ stackIds: [other?.id] });

      const error = await cp.admin.refused('createInstance', 422, {
        params: { id: applicationId },
        body: { name: uniqueName('typed'), instanceTypeId: type.id, stackId: usual?.id, start: false },
      });

      assert.match(error.message, /stackId is not offered with the instance type/);
    });

    it('refuse what makes no sense, and name the field', async () => {
      for (const [body, field] of [
        [{ memoryMb: 1 }, 'memoryMb'],
        [{ memoryMb: 1.5 }, 'memoryMb'],
        [{ memoryMb: '512' }, 'memoryMb'],
        [{ cpuLimit: 0 }, 'cpuLimit'],
        [{ price: -1 }, 'price'],
        [{ position: -1 }, 'position'],
        [{ name: '' }, 'name'],
        [{ name: 'a\u0000b' }, 'name'],
        [{ name: 'x'.repeat(1_000) }, 'name'],
        [{ stackIds: ['../../etc'] }, 'stackIds'],
        [{ stackIds: ['nothing0'] }, 'stackIds'],
        [{ colour: 'red' }, 'colour'],
      ] as const) {
        const error = await cp.admin.refused('createInstanceType', 422, {
          body: Object.assign({ name: 'Odd', memoryMb: 128 }, body),
        });
        assert.match(JSON.stringify(error.details), new RegExp(field));
      }
      const hostile = await cp.admin.send('POST', '/instance-types', {
        body: JSON.parse('{"name":"Odd","memoryMb":128,"__proto__":{"active":false}}'),
      });
      assert.equal(hostile.status, 422);
    });
  });
}

describe('The limits of an instance type', () => {
  it('hold for the process, and the list says what the machine does not apply', async () => {
    const cp = await startControlPlane();
    try {
      const { applicationId } = await buildApplication(cp);
      const type = await cp.admin.call('createInstanceType', {
        body: { name: 'Narrow', memoryMb: 200, cpuLimit: 0.5 },
      });
      const instance = await cp.admin.call('createInstance', {
        params: { id: applicationId },
        body: { name: uniqueName('narrow'), instanceTypeId: type.id },
      });
      const { revision } = await cp.admin.call('getFlows', { params: { id: instance.id } });
      const body = { revision, flows: answeringFlow('narrow') };
      await cp.admin.call('putFlows', { params: { id: instance.id }, body });
      await answers(instance, 'narrow');

      const [pid] = nodeRedsBelow(cp.dataDir);
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      const { limits } = await cp.admin.call('listInstanceTypes');

      assert.ok(command.includes('--max-old-space-size=200'), command.join(' '));
      assert.equal(limits.applied, limits.problem === null);
      if (limits.problem !== null) {
        assert.match(limits.problem, /^CPU limits are not applied on this machine/);
      }
      await buildInstance(cp, applicationId);
    } finally {
      await cp.stop();
    }
  });
});
