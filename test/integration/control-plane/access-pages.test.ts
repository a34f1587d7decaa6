import assert from 'node:assert/strict';
import type { InstanceView } from '@flowyard/protocol';
import { ApiClient, getFromInstance } from '../../support/api-client.ts';
import { answeringFlow, buildInstance, instanceIn } from '../../support/builders.ts';
import { type ControlPlaneInProcess, startControlPlane } from '../../support/control-plane.ts';
import { BROWSER, openPageOf } from '../../support/editor-session.ts';
import { eventually } from '../../support/eventually.ts';
import { guardedOperations, may, NOT_A_FIELD, PASSES, pathOf, roleOf } from './support/access-table.ts';
import { buildPeople, buildWorld, type Person, type World } from './support/access-world.ts';

const PAGE = '/answer';

describe('Access to the pages of flows, walked through', function () {
  this.timeout(180_000);
  let cp: ControlPlaneInProcess;
  let world: World;
  let people: Person[];
  let instance: InstanceView;
  let neighbour: InstanceView;
  let checks = 0;

  before(async () => {
    cp = await startControlPlane();
    world = await buildWorld(cp);
    people = await buildPeople(cp, world);
    instance = await runningInstance('the page');
    neighbour = await runningInstance('the neighbour');
  });
  after(async () => {
    await cp?.stop();
    process.stdout.write(`    ${checks} answers compared with the table\n`);
  });

  async function runningInstance(answer: string): Promise<InstanceView> {
    const built = await buildInstance(cp, world.applicationId, { flows: answeringFlow(answer) });
    await cp.admin.call('controlInstance', { params: { id: built.id }, body: { action: 'start' } });
    await instanceIn(cp, built.id, 'running');
    await eventually(async () => (await getFromInstance(built.url, PAGE)).status === 200);
    return built;
  }

  const protect = async (access: 'flowyard' | 'tokens') => {
    for (const { id } of [instance, neighbour]) {
      await cp.admin.call('putInstanceSettings', {
        params: { id },
        body: { values: { 'http.access': access } },
      });
    }
    await eventually(async () => (await getFromInstance(instance.url, PAGE)).status === 401);
    await eventually(async () => (await getFromInstance(neighbour.url, PAGE)).status === 401);
  };
  const ask = async (headers: Record<string, string>, path = PAGE, of = instance) => {
    checks++;
    return (await getFromInstance(of.url, path, headers)).status;
  };

  it('signs in whoever may open pages, to this instance alone and not to its editor', async () => {
    await protect('flowyard');
    const wrong: string[] = [];
    for (const person of people.filter(({ client }) => client.cookie)) {
      const cookie = await openPageOf(instance, PAGE, person.client);
      const opens = person.signedIn && may(roleOf(person, true), 'instance:open-page');
      if ((cookie !== null) !== opens) {
        wrong.push(`${person.who}: the page ${cookie ? 'opens' : 'does not open'}`);
      }
      if (cookie) {
        const answers = [
          await ask({ cookie }),
          await ask({ cookie }, '/flows'),
          await ask({ cookie }, '/settings'),
          await ask({ cookie }, PAGE, neighbour),
        ];
        if (String(answers) !== '200,401,401,401') {
          wrong.push(`${person.who}: page, flows, settings and the neighbour answer ${answers}`);
        }
      }
    }

    assert.deepEqual(wrong, []);
  });

  it('takes neither the session nor an access token of anybody', async () => {
    const wrong: string[] = [];
    for (const access of ['flowyard', 'tokens'] as const) {
      await protect(access);
      for (const person of people) {
        const status = await ask(person.client.authentication);
        if (status !== 401) {
          wrong.push(`${person.who}: where access is by ${access} the page answers ${status}`);
        }
      }
    }

    assert.deepEqual(wrong, []);
  });

  it('takes HTTP tokens for the pages of their instance, and for no operation, editor or other instance', async () => {
    await protect('tokens');
    const { token } = await cp.admin.call('createHttpToken', {
      params: { id: instance.id },
      body: { name: 'walk' },
    });
    const bearer = { authorization: `Bearer ${token}` };

    assert.equal(await ask(bearer), 200);
    assert.equal(await ask(bearer, '/flows'), 401);
    assert.equal(await ask(bearer, PAGE, neighbour), 401);
    const program = new ApiClient(cp.url, token);
    const passed: string[] = [];
    for (const { operation, guard } of guardedOperations()) {
      const path = `${pathOf(operation.path, guard, world.ids)}?${NOT_A_FIELD}`;
      const { status } = await program.send(operation.method, path);
      checks++;
      // An agent's token is looked at by the operation itself.
      if (status !== (guard.kind === 'agent' ? PASSES : 401)) {
        passed.push(`${operation.method} ${operation.path} answers ${status}`);
      }
    }
    assert.deepEqual(passed, []);
  });

  it('ends what was opened when the role in the application goes', async () => {
    await protect('flowyard');
    for (const person of people.filter(({ who }) => /^a (member|viewer|dashboard)$/.test(who))) {
      const cookie = (await openPageOf(instance, PAGE, person.client)) ?? '';
      assert.equal(await ask({ cookie }), 200, person.who);
      const { id: userId } = await person.client.call('getUser');
      await cp.admin.call('setApplicationRole', {
        params: { id: world.applicationId, userId },
        body: { role: 'none' },
      });
      await eventually(async () => (await ask({ ...BROWSER, cookie })) !== 200);
      assert.equal(await openPageOf(instance, PAGE, person.client), null, person.who);
    }
  });
});
