import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Permission } from '@flowyard/protocol';
import type { ScopeKind } from '../../../control-plane/src/access/scope-store.ts';
import { CALLBACK_PATH } from '../../../control-plane/src/proxy/editor-sign-in.ts';
import { type ControlPlaneInProcess, startControlPlane } from '../../support/control-plane.ts';
import { LiveClient } from '../../support/live-client.ts';
import {
  expected,
  guardedOperations,
  may,
  NOT_A_FIELD,
  pathOf,
  roleOf,
  SEEN_BY,
} from './support/access-table.ts';
import { buildPeople, buildWorld, type Person, type World } from './support/access-world.ts';

/** What reading and changing a blueprint of the team answers, and whether it is in the list. */
function blueprintAnswers(person: Person): [read: number, change: number, listed: boolean] {
  const role = person.limited === 'application' ? null : roleOf(person, false);
  if (!person.signedIn) {
    return [401, 401, false];
  }
  if (!may(role, 'blueprint:read')) {
    return [404, person.readOnly ? 403 : 404, false];
  }
  return [200, may(role, 'blueprint:edit') && !person.readOnly ? 200 : 403, true];
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

  /** What there is in the application and a person may not see. */
  function hiddenFrom(person: Person): Array<[kind: string, id: string]> {
    const kinds = Object.keys(SEEN_BY) as ScopeKind[];
    return kinds
      .filter((kind) => kind !== 'team' && !may(roleOf(person, true), SEEN_BY[kind]))
      .map((kind) => [kind, world.ids[kind]]);
  }

  it('every operation has a guard, and answers every kind of person as the table says', async () => {
    const wrong: string[] = [];
    for (const { operation, guard } of guardedOperations()) {
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
    for (const { operation, guard } of guardedOperations()) {
      if (guard.kind !== 'permission' || guard.on !== 'device') {
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

  it('a blueprint of a team is there for whoever reads it in the team, and changed by its owners', async () => {
    const wrong: string[] = [];
    const path = `/blueprints/${world.blueprintId}`;
    for (const person of people) {
      const lists = await person.client.send('GET', '/blueprints?limit=200');
      const seen = await person.client.send('GET', path);
      const changed = await person.client.send('PATCH', path, { body: { description: 'walked' } });
      const wanted = blueprintAnswers(person);
      const got = [seen.status, changed.status, JSON.stringify(lists.body).includes(world.blueprintId)];
      checks += 3;
      if (JSON.stringify(got) !== JSON.stringify(wanted)) {
        wrong.push(`${person.who}: ${got} instead of ${wanted}`);
      }
    }

    assert.deepEqual(wrong, []);
  });

  it('what one may not see is in no list, count, search, overview, audit log or CSV', async () => {
    const blind = people
      .filter((person) => person.signedIn)
      .map((person) => ({ person, hidden: hiddenFrom(person) }))
      .filter(({ hidden }) => hidden.length > 0);
    const found: string[] = [];
    for (const { operation, guard } of guardedOperations()) {
      if (operation.method !== 'GET' || guard.kind === 'agent' || operation.id === 'authorize') {
        continue;
      }
      const path = pathOf(operation.path, guard, world.ids);
      for (const { person, hidden } of blind) {
        const answer = await person.client.send('GET', path);
        const text = JSON.stringify(answer.body);
        checks++;
        for (const [kind, id] of hidden.filter(([, hiddenId]) => text.includes(hiddenId))) {
          const around = text.slice(Math.max(0, text.indexOf(id) - 300), text.indexOf(id) + 30);
          found.push(`${person.who}: GET ${operation.path} (${answer.status}) shows the ${kind}: …${around}`);
        }
      }
    }

    assert.ok(blind.length >= 7);
    assert.deepEqual(found, []);
  });

  it('every topic of /live shows itself to whoever may read it, and to nobody else', async () => {
    const topics: Array<[topic: string, on: ScopeKind, needs: Permission]> = [
      [`team/${world.teamId}`, 'team', 'instance:read'],
      [`application/${world.ids.application}`, 'application', 'application:read'],
      [`instance/${world.ids.instance}`, 'instance', 'instance:read'],
      [`instance/${world.ids.instance}/log`, 'instance', 'instance:read'],
      [`instance/${world.ids.instance}/counts`, 'instance', 'instance:read'],
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

  const SIGN_INS = [
    { kind: 'instance', scope: 'editor', permission: 'instance:open-editor' },
    { kind: 'instance', scope: 'page', permission: 'instance:open-page' },
    { kind: 'device', scope: 'editor', permission: 'device:open-editor' },
    { kind: 'device', scope: 'page', permission: 'device:open-page' },
  ] as const;
  for (const { kind, scope, permission } of SIGN_INS) {
    const what = scope === 'page' ? 'sign-in to HTTP pages' : 'the editor';
    it(`${what} of ${kind === 'device' ? 'a device' : 'an instance'} opens for whoever may, and for nobody else`, async () => {
      const instance = await cp.admin.call('getInstance', { params: { id: world.ids.instance } });
      const url = kind === 'instance' ? instance.url : cp.url.replace('//', `//${world.ids.device}.`);
      const wrong: string[] = [];
      for (const person of people.filter(({ client }) => client.cookie)) {
        const query = new URLSearchParams({
          response_type: 'code',
          client_id: world.ids[kind],
          redirect_uri: url + CALLBACK_PATH,
          state: 'a state of ours',
          code_challenge: createHash('sha256').update(randomBytes(32)).digest('base64url'),
          code_challenge_method: 'S256',
          scope,
        });
        const answer = await person.client.send('GET', `/oauth/authorize?${query}`);
        const opens = (answer.headers.get('location') ?? '').startsWith(url);
        checks++;
        if (opens !== (person.signedIn && may(roleOf(person, true), permission))) {
          wrong.push(
            `${person.who}: ${scope} ${opens ? 'opens' : 'does not open'} (${answer.headers.get('location')})`,
          );
        }
      }

      assert.deepEqual(wrong, []);
    });
  }
});
