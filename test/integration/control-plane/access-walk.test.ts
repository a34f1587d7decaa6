import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ApplicationRole, OPERATIONS, type Permission, ROLE_PERMISSIONS } from '@flowyard/protocol';
import type { Guard } from '../../../control-plane/src/access/authorize.ts';
import type { ScopeKind } from '../../../control-plane/src/access/scope-store.ts';
import type { Parts } from '../../../control-plane/src/compose.ts';
import type { Stores } from '../../../control-plane/src/db/stores.ts';
import { CALLBACK_PATH } from '../../../control-plane/src/proxy/editor-sign-in.ts';
import { createRoutes } from '../../../control-plane/src/routes.ts';
import { type ControlPlaneInProcess, startControlPlane } from '../../support/control-plane.ts';
import { LiveClient } from '../../support/live-client.ts';
import { buildPeople, buildWorld, type Person, type World } from './support/access-world.ts';

/** What somebody must be able to read so that a thing exists for them. */
const SEEN_BY: Record<ScopeKind, Permission> = {
  team: 'team:read',
  application: 'application:read',
  instance: 'instance:read',
  device: 'device:read',
  'device-group': 'device-group:read',
  snapshot: 'snapshot:read',
  pipeline: 'pipeline:read',
  stage: 'pipeline:read',
  deployment: 'pipeline:read',
};

/** No operation has such a field: whoever passes the guard gets 422, and nothing is done. */
const NOT_A_FIELD = 'not-a-field=1';
const PASSES = 422;

/** The guards as they are in the routes; handlers are never called here. */
function guards(): Map<string, Guard> {
  const nothing = new Proxy({}, { get: () => undefined });
  const routes = createRoutes(nothing as Parts, nothing as Stores, () => false);
  return new Map(routes.map(({ operation, guard }) => [operation.id, guard]));
}

/** The role that counts for a thing of that kind, by the words of docs/access.md. */
function roleOf(person: Person, inApplication: boolean): ApplicationRole | null {
  if (person.limited === 'other-team' || (person.limited === 'application' && !inApplication)) {
    return null;
  }
  if (person.admin) {
    return 'owner';
  }
  return inApplication ? (person.override ?? person.teamRole) : person.teamRole;
}

function may(role: ApplicationRole | null, permission: Permission): boolean {
  return role !== null && role !== 'none' && ROLE_PERMISSIONS[role].has(permission);
}

/** The status that the table wants. */
function expected(guard: Guard, person: Person, isRead: boolean, inApplication: boolean): number {
  if (guard.kind === 'open' || guard.kind === 'agent') {
    return person.readOnly && !isRead && guard.kind === 'open' ? 403 : PASSES;
  }
  if (!person.signedIn) {
    return 401;
  }
  if (person.readOnly && !isRead) {
    return 403;
  }
  if (guard.kind === 'signed-in') {
    return PASSES;
  }
  if (guard.kind === 'account') {
    return person.limited === null ? PASSES : 403;
  }
  if (guard.kind === 'administrator') {
    return person.admin ? PASSES : 403;
  }
  const role = roleOf(person, inApplication);
  if (!may(role, SEEN_BY[guard.on])) {
    return 404;
  }
  return may(role, guard.permission) ? PASSES : 403;
}

function pathOf(path: string, guard: Guard, ids: Record<string, string>): string {
  return path.replace(/:(\w+)/g, (_all, name: string) =>
    guard.kind === 'permission' && guard.param === name
      ? (ids[guard.on] ?? '')
      : '01abcdefghjkmnpqrstvwxyz00',
  );
}

describe('Access, walked through', function () {
  this.timeout(300_000);
  let cp: ControlPlaneInProcess;
  let world: World;
  let people: Person[];
  let checks = 0;

  before(async () => {
    cp = await startControlPlane();
    world = await buildWorld(cp);
    people = await buildPeople(cp, world);
  });
  after(async () => {
    await cp?.stop();
    process.stdout.write(`    ${checks} answers compared with the table\n`);
  });

  it('every operation has a guard, and answers every kind of person as the table says', async () => {
    const guardOf = guards();
    const wrong: string[] = [];
    for (const { operation } of OPERATIONS) {
      const guard = guardOf.get(operation.id);
      assert.ok(guard, `${operation.id} has no route`);
      const inApplication = guard.kind === 'permission' && guard.on !== 'team';
      const path = `${pathOf(operation.path, guard, world.ids)}?${NOT_A_FIELD}`;
      for (const person of people) {
        const { status } = await person.client.send(operation.method, path);
        const wanted = expected(guard, person, operation.method === 'GET', inApplication);
        checks++;
        if (status !== wanted) {
          wrong.push(
            `${person.who}: ${operation.method} ${operation.path} answers ${status} instead of ${wanted}`,
          );
        }
      }
    }

    assert.deepEqual(wrong, []);
  });

  it('a device that belongs to no application follows the role in the team', async () => {
    const wrong: string[] = [];
    for (const [id, guard] of guards()) {
      const operation = OPERATIONS.find((candidate) => candidate.operation.id === id)?.operation;
      if (operation === undefined || guard.kind !== 'permission' || guard.on !== 'device') {
        continue;
      }
      const path = `${pathOf(operation.path, guard, { device: world.looseDeviceId })}?${NOT_A_FIELD}`;
      for (const person of people) {
        const { status } = await person.client.send(operation.method, path);
        const wanted = expected(guard, person, operation.method === 'GET', false);
        checks++;
        if (status !== wanted) {
          wrong.push(
            `${person.who}: ${operation.method} ${operation.path} answers ${status} instead of ${wanted}`,
          );
        }
      }
    }

    assert.deepEqual(wrong, []);
  });

  it('what one may not see is in no list, count, search, overview, audit log or CSV', async () => {
    const guardOf = guards();
    const hidden = Object.entries(world.ids).filter(([kind]) => kind !== 'team');
    const blind = people.filter((person) => person.signedIn && ['none', null].includes(roleOf(person, true)));
    const found: string[] = [];
    for (const { operation } of OPERATIONS.filter((candidate) => candidate.operation.method === 'GET')) {
      const guard = guardOf.get(operation.id);
      if (guard === undefined || guard.kind === 'agent' || operation.id === 'authorize') {
        continue;
      }
      const path = pathOf(operation.path, guard, world.ids);
      for (const person of blind) {
        const answer = await person.client.send('GET', path);
        const text = JSON.stringify(answer.body);
        checks++;
        for (const [kind, id] of hidden.filter(([, hiddenId]) => text.includes(hiddenId))) {
          const around = text.slice(Math.max(0, text.indexOf(id) - 300), text.indexOf(id) + 30);
          found.push(`${person.who}: GET ${operation.path} (${answer.status}) shows the ${kind}: …${around}`);
        }
      }
    }

    assert.ok(blind.length >= 5);
    assert.deepEqual(found, []);
  });

  it('every topic of /live shows itself to whoever may read it, and to nobody else', async () => {
    const topics: Array<[topic: string, on: ScopeKind, needs: Permission]> = [
      [`team/${world.teamId}`, 'team', 'instance:read'],
      [`application/${world.ids.application}`, 'application', 'application:read'],
      [`instance/${world.ids.instance}`, 'instance', 'instance:read'],
      [`instance/${world.ids.instance}/log`, 'instance', 'instance:read'],
      [`device/${world.ids.device}`, 'device', 'device:read'],
      [`device/${world.ids.device}/log`, 'device', 'device:read'],
      [`device-group/${world.ids['device-group']}`, 'device-group', 'device-group:read'],
      [`pipeline/${world.ids.pipeline}`, 'pipeline', 'pipeline:read'],
      [`deployment/${world.ids.deployment}`, 'deployment', 'pipeline:read'],
    ];
    const wrong: string[] = [];
    for (const person of people.filter(({ signedIn }) => signedIn)) {
      const live = await LiveClient.connect(cp.url, person.client.authentication);
      for (const [topic, on, needs] of topics) {
        const role = roleOf(person, on !== 'team');
        const isShown = may(role, SEEN_BY[on]) && may(role, needs);
        live.subscribe(topic);
        checks++;
        // A log that nobody writes says nothing: then what must not come is the refusal.
        const silent = isShown && topic.endsWith('/log');
        await (silent ? sleep(50) : live.waitFor((message) => message.topic === topic)).catch(
          () => undefined,
        );
        const told = live.messages.filter((message) => message.topic === topic).map(({ type }) => type);
        if (told.includes('error') === isShown || told.includes('value') !== (isShown && !silent)) {
          wrong.push(`${person.who}: ${topic} answers "${told.join(', ')}"`);
        }
      }
      live.close();
    }

    assert.deepEqual(wrong, []);
  });

  it('the topic of notifications shows itself to people, and not to a limited token', async () => {
    const wrong: string[] = [];
    for (const person of people.filter(({ signedIn }) => signedIn)) {
      const live = await LiveClient.connect(cp.url, person.client.authentication);
      live.subscribe('notifications');
      checks++;
      const { type } = await live.waitFor((message) => message.topic === 'notifications');
      if ((type === 'value') !== (person.limited === null)) {
        wrong.push(`${person.who}: notifications answers "${type}"`);
      }
      live.close();
    }

    assert.deepEqual(wrong, []);
  });

  const SIGN_INS = { editor: 'instance:open-editor', page: 'instance:open-page' } as const;
  for (const [scope, permission] of Object.entries(SIGN_INS)) {
    const what = scope === 'page' ? 'sign-in to HTTP pages works' : 'the editor opens';
    it(`${what} for whoever may, and for nobody else`, async () => {
      const { url } = await cp.admin.call('getInstance', { params: { id: world.ids.instance } });
      const wrong: string[] = [];
      for (const person of people.filter((candidate) => candidate.signedIn && candidate.client.cookie)) {
        const query = new URLSearchParams({
          response_type: 'code',
          client_id: world.ids.instance,
          redirect_uri: url + CALLBACK_PATH,
          state: 'a state of ours',
          code_challenge: createHash('sha256').update(randomBytes(32)).digest('base64url'),
          code_challenge_method: 'S256',
          scope,
        });
        const answer = await person.client.send('GET', `/oauth/authorize?${query}`);
        const opens = (answer.headers.get('location') ?? '').startsWith(url);
        checks++;
        if (opens !== may(roleOf(person, true), permission)) {
          wrong.push(
            `${person.who}: ${scope} ${opens ? 'opens' : 'does not open'} (${answer.headers.get('location')})`,
          );
        }
      }

      assert.deepEqual(wrong, []);
    });
  }
});
