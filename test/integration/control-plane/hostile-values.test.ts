import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { ControlPlaneInProcess } from '../../support/control-plane.ts';
import { ADMIN_PASSWORD, startControlPlane } from '../../support/control-plane.ts';
import { type Guarded, guardedOperations, pathOf } from './support/access-table.ts';
import { buildWorld } from './support/access-world.ts';
import { hostileInputs } from './support/hostile-values.ts';

const SLOW_MS = 3000;

/** On PostgreSQL, which is stricter about what it takes. */
describe('Hostile values', function () {
  this.timeout(600_000);
  let cp: ControlPlaneInProcess;
  let surroundings: string;
  let ids: Record<string, string>;

  before(async () => {
    surroundings = mkdtempSync(join(tmpdir(), 'flowyard-hostile-'));
    const dataDir = join(surroundings, 'a', 'b', 'data');
    mkdirSync(dataDir, { recursive: true });
    cp = await startControlPlane({ database: 'postgres', config: { dataDir } });
    const world = await buildWorld(cp);
    const first = async (name: 'listTemplates' | 'listInstanceTypes' | 'listTeamTypes' | 'listStacks') =>
      (await cp.admin.call(name)).items[0]?.id ?? '';
    ids = {
      ...world.ids,
      templates: await first('listTemplates'),
      'instance-types': await first('listInstanceTypes'),
      'team-types': await first('listTeamTypes'),
      stacks: await first('listStacks'),
    };
  });
  after(async () => {
    await cp?.stop();
    rmSync(surroundings, { recursive: true, force: true });
  });

  /** The thing of the world, or of the catalogue, that an operation is about. */
  const pathFor = ({ operation, guard }: Guarded) => {
    const segment = operation.path.split('/')[1] ?? '';
    const path = operation.path.replace(/^\/[^/]+\/:id/, (whole) =>
      guard.kind !== 'permission' && ids[segment] !== undefined ? `/${segment}/${ids[segment]}` : whole,
    );
    return pathOf(path, guard, ids);
  };

  /** Some operations sign somebody else in, or the administrator out. */
  async function beAdministrator(): Promise<void> {
    const { body } = await cp.admin.send('GET', '/user');
    if ((body as { username?: string }).username !== 'admin') {
      await cp.admin.signIn('admin', ADMIN_PASSWORD);
    }
  }

  async function send({ operation }: Guarded, path: string, body?: unknown): Promise<string | null> {
    const began = performance.now();
    const headers = { cookie: cp.admin.cookie ?? '' };
    const { status } = await cp.admin.send(operation.method, path, { body, headers });
    const took = performance.now() - began;
    if (status >= 500) {
      return `answers ${status}`;
    }
    return took > SLOW_MS ? `takes ${Math.round(took)} ms` : null;
  }

  it('in a body are refused or taken as they are, and nothing breaks', async () => {
    const wrong: string[] = [];
    let sent = 0;
    for (const guarded of guardedOperations().filter(({ operation }) => operation.method !== 'GET')) {
      const path = pathFor(guarded);
      await beAdministrator();
      for (const { value, what } of hostileInputs(guarded.operation.body, ids)) {
        sent++;
        const problem = await send(guarded, path, JSON.stringify(value));
        if (problem !== null) {
          wrong.push(`${guarded.operation.id}: ${what()} ${problem}`);
        }
      }
    }

    assert.deepEqual(wrong, []);
    assert.ok(sent > 2000, `${sent} requests`);
  });

  it('in a query are refused or taken as they are, and nothing breaks', async () => {
    const wrong: string[] = [];
    for (const guarded of guardedOperations().filter(({ operation }) => operation.method === 'GET')) {
      for (const { value, what } of hostileInputs(guarded.operation.query, ids, [])) {
        if (typeof value !== 'object' || value === null || JSON.stringify(value).length > 10_000) {
          continue;
        }
        const query = Object.entries(value)
          .map(([key, each]) => `${encodeURIComponent(key)}=${encodeURIComponent(toWell(each))}`)
          .join('&');
        const problem = await send(guarded, `${pathFor(guarded)}?${query}`);
        if (problem !== null) {
          wrong.push(`${guarded.operation.id}: ${what()} ${problem}`);
        }
      }
    }

    assert.deepEqual(wrong, []);
  });

  it('in a path are nothing that is there', async () => {
    const wrong: string[] = [];
    for (const guarded of guardedOperations().filter(({ operation }) => operation.path.includes(':'))) {
      for (const value of [
        '__proto__',
        '%00',
        '..%2f..%2fetc%2fpasswd',
        '%ff',
        "'%20or%201=1",
        'x'.repeat(5000),
      ]) {
        const { status } = await cp.admin.send(
          guarded.operation.method,
          guarded.operation.path.replace(/:\w+/g, value),
        );
        if (status < 400 || status >= 500) {
          wrong.push(`${guarded.operation.id}: ${value.slice(0, 40)} answers ${status}`);
        }
      }
    }

    assert.deepEqual(wrong, []);
  });

  it('leave the server as it was: it answers, and wrote nothing outside its folder', async () => {
    await beAdministrator();
    assert.equal((await cp.admin.call('getUser')).username, 'admin');
    assert.ok((await cp.admin.call('listTeams')).total > 0);
    assert.equal(({} as Record<string, unknown>).polluted, undefined);
    assert.deepEqual(readdirSync(surroundings), ['a']);
    assert.deepEqual(readdirSync(join(surroundings, 'a')), ['b']);
    assert.deepEqual(readdirSync(join(surroundings, 'a', 'b')), ['data']);
  });
});

function toWell(value: unknown): string {
  return (typeof value === 'string' ? value : JSON.stringify(value)).replace(/[\ud800-\udfff]/gu, '?');
}
