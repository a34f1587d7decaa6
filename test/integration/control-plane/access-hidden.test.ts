import assert from 'node:assert/strict';
import { buildMember } from '../../support/builders.ts';
import { type ControlPlaneInProcess, startControlPlane } from '../../support/control-plane.ts';
import { LiveClient } from '../../support/live-client.ts';
import {
  expected,
  type Guarded,
  guardedOperations,
  may,
  NOT_A_FIELD,
  PASSES,
  pathOf,
  roleOf,
} from './support/access-table.ts';
import { buildWorldWithPeople, type Person, type World } from './support/access-world.ts';

/** Those that show what is in the bin, or what became of it. */
const SHOW_WHAT_IS_GONE = /^(listBinned|list\w*Audit$|export\w*Audit$)/;

/** One's own tokens say what they are limited to, whatever became of it. */
const OWN = 'listAccessTokens';

describe('Access to what is deleted, suspended or promised', function () {
  this.timeout(300_000);
  let cp: ControlPlaneInProcess;
  let here: { world: World; people: Person[] };
  let checks = 0;

  before(async () => {
    cp = await startControlPlane();
    here = await buildWorldWithPeople(cp);
  });
  after(async () => {
    await cp?.stop();
    process.stdout.write(`    ${checks} answers compared with the table\n`);
  });

  /** Asks everybody for every operation that is about a thing, and lists the answers that are not those wanted. */
  async function walk(
    { people }: { people: Person[] },
    ids: Record<string, string>,
    wanted: (guarded: Guarded, person: Person) => number,
  ): Promise<string[]> {
    const wrong: string[] = [];
    for (const guarded of guardedOperations()) {
      const { operation, guard } = guarded;
      if (guard.kind !== 'permission' || ids[guard.on] === undefined) {
        continue;
      }
      const path = `${pathOf(operation.path, guard, ids)}?${NOT_A_FIELD}`;
      for (const person of people) {
        const { status, body } = await person.client.send(operation.method, path);
        const right = wanted(guarded, person);
        checks++;
        if (status !== right) {
          wrong.push(
            `${person.who}: ${operation.method} ${operation.path} answers ${status} instead of ${right} (${JSON.stringify(body).slice(0, 80)})`,
          );
        }
      }
    }
    return wrong;
  }

  /** What everybody is told about things that are not there. */
  const gone = ({ operation }: Guarded, person: Person): number => {
    if (!person.signedIn) {
      return 401;
    }
    return person.readOnly && operation.method !== 'GET' ? 403 : 404;
  };

  /** Everything that anybody is shown, read with the ids of a world. */
  async function* answersOf({ world, people }: { world: World; people: Person[] }) {
    for (const { operation, guard } of guardedOperations()) {
      if (operation.method !== 'GET' || guard.kind === 'agent' || operation.id === 'authorize') {
        continue;
      }
      for (const person of people.filter(({ signedIn }) => signedIn)) {
        const answer = await person.client.send('GET', pathOf(operation.path, guard, world.ids));
        checks++;
        yield { id: operation.id, person, text: JSON.stringify(answer.body) };
      }
    }
  }

  it('an instance in the recycle bin is not there, for nobody and no operation', async () => {
    assert.deepEqual(await walk(here, { instance: here.world.binnedInstanceId }, gone), []);
  });

  it('is in no list, count, search or overview, and in the bin and the audit log for whoever may read those', async () => {
    const found: string[] = [];
    for await (const { id, person, text } of answersOf(here)) {
      const sees = SHOW_WHAT_IS_GONE.test(id) && may(roleOf(person, true), 'instance:read');
      if (!sees && text.includes(here.world.binnedInstanceId)) {
        found.push(`${person.who}: ${id}`);
      }
    }

    assert.deepEqual(found, []);
  });

  it('has no live updates', async () => {
    const topic = `instance/${here.world.binnedInstanceId}`;
    for (const { client, who } of here.people.filter(({ signedIn }) => signedIn)) {
      const live = await LiveClient.connect(cp.url, client.authentication);
      live.subscribe(topic);
      checks++;
      assert.equal((await live.waitFor((message) => message.topic === topic)).type, 'error', who);
      live.close();
    }
  });

  it('nobody who is suspended can listen', async () => {
    for (const { client } of here.people.filter(({ who }) => who.startsWith('a suspended'))) {
      await assert.rejects(LiveClient.connect(cp.url, client.authentication));
      checks++;
    }
  });

  it('a suspended team reads as before and changes nothing, whoever asks', async () => {
    const suspended = await buildWorldWithPeople(cp);
    const body = { suspended: true };
    await cp.admin.call('suspendTeam', { params: { id: suspended.world.teamId }, body });

    const wrong = await walk(suspended, suspended.world.ids, ({ operation, guard }, person) => {
      const inApplication = guard.kind === 'permission' && guard.on !== 'team';
      const right = expected(guard, person, operation.method === 'GET', inApplication);
      return right === PASSES && operation.method !== 'GET' ? 409 : right;
    });

    assert.deepEqual(wrong, []);
  });

  it('a team in the recycle bin is not there with all that it has, for nobody and no operation', async () => {
    const deleted = await buildWorldWithPeople(cp);
    await cp.admin.call('deleteTeam', { params: { id: deleted.world.teamId } });
    assert.deepEqual(await walk(deleted, deleted.world.ids, gone), []);

    const hidden = Object.entries(deleted.world.ids);
    const found: string[] = [];
    const lookers = { world: here.world, people: [...here.people, ...deleted.people] };
    for await (const { id, person, text } of answersOf(lookers)) {
      const sees = id === OWN || (person.admin && SHOW_WHAT_IS_GONE.test(id));
      for (const [kind, hiddenId] of sees ? [] : hidden.filter(([, each]) => text.includes(each))) {
        found.push(`${person.who}: ${id} shows the ${kind} ${hiddenId}`);
      }
    }
    assert.deepEqual(found, []);
  });

  it('an invitation is seen by owners of the team and by whoever is invited', async () => {
    const { client, username } = await buildMember(cp, null);
    const { invitation } = await cp.admin.call('createInvitation', {
      params: { id: here.world.teamId },
      body: { invitee: username, role: 'viewer' },
    });
    const invited: Person = {
      who: 'whoever is invited',
      client,
      teamRole: null,
      override: null,
      signedIn: true,
      admin: false,
      readOnly: false,
      limited: null,
    };
    const shown = new Map<string, Set<string>>();
    for await (const { id, person, text } of answersOf({ ...here, people: [...here.people, invited] })) {
      if (text.includes(invitation.id)) {
        shown.set(person.who, (shown.get(person.who) ?? new Set()).add(id));
      }
    }

    for (const person of here.people.filter(({ signedIn }) => signedIn)) {
      const isOwner = roleOf(person, false) === 'owner';
      assert.equal(shown.get(person.who)?.has('listInvitations') ?? false, isOwner, person.who);
      // Whoever reads the audit log of the team reads there that somebody was invited.
      const elsewhere = [...(shown.get(person.who) ?? [])].filter(
        (id) => !/Audit$|^listInvitations$/.test(id),
      );
      assert.deepEqual(elsewhere, [], person.who);
    }
    assert.deepEqual([...(shown.get(invited.who) ?? [])].sort(), ['listNotifications', 'listOwnInvitations']);
  });
});
