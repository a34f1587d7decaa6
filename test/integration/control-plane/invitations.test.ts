import assert from 'node:assert/strict';
import { openDatabase } from '../../../control-plane/src/db/connection.ts';
import { buildApplication, buildMember, uniqueName } from '../../support/builders.ts';
import {
  ADMIN_PASSWORD,
  type ControlPlaneInProcess,
  startControlPlane,
} from '../../support/control-plane.ts';
import { type MailServer, startMailServer } from '../../support/mail-server.ts';

const tokenOf = (link: string) => link.split('#')[1] ?? '';
const account = () => ({ username: uniqueName('new'), password: ADMIN_PASSWORD });

for (const database of ['sqlite', 'postgres'] as const) {
  describe(`Invitations to a team, on ${database}`, function () {
    this.timeout(60_000);
    let cp: ControlPlaneInProcess;
    before(async () => {
      cp = await startControlPlane({ database });
    });
    after(() => cp?.stop());

    const invite = (teamId: string, invitee: string, role = 'member') =>
      cp.admin.call('createInvitation', { params: { id: teamId }, body: { invitee, role } });
    const expire = async (id: string) => {
      const rows = openDatabase(cp.database);
      await rows('invitations').where({ id }).update({ expires_at: '2020-01-01T00:00:00.000Z' });
      await rows.destroy();
    };

    it('are shown to the person by whose name they were made, who joins with the role or declines', async () => {
      const { teamId } = await buildApplication(cp);
      const [first, second] = [await buildMember(cp, null), await buildMember(cp, null)];
      await invite(teamId, first.username, 'viewer');
      await invite(teamId, second.username);

      const { items } = await first.client.call('listOwnInvitations');
      const mine = { params: { id: items[0]?.id ?? '' } };
      await second.client.refused('acceptInvitation', 404, mine);
      const joined = await first.client.call('acceptInvitation', mine);
      const [theirs] = (await second.client.call('listOwnInvitations')).items;
      await second.client.call('declineInvitation', { params: { id: theirs?.id ?? '' } });

      assert.equal(items.length, 1);
      assert.equal(items[0]?.invitedBy, 'admin');
      assert.equal(joined.teamId, teamId);
      assert.equal((await first.client.call('getTeam', { params: { id: teamId } })).role, 'viewer');
      await second.client.refused('getTeam', 404, { params: { id: teamId } });
      assert.equal((await cp.admin.call('listInvitations', { params: { id: teamId } })).total, 0);
      await first.client.refused('acceptInvitation', 404, mine);
    });

    it('let somebody without an account make one with the link, once, though sign-up is off', async () => {
      const { teamId } = await buildApplication(cp);
      const { link, invitation, mailed } = await invite(teamId, 'Anna@Example.com', 'viewer');
      const visitor = cp.visitor();
      const token = tokenOf(link);

      const shown = await visitor.call('readInvitationLink', { body: { token } });
      const joined = await visitor.call('joinByInvitationLink', { body: { token, ...account() } });

      assert.deepEqual(
        [invitation.invitee, invitation.forAccount, mailed],
        ['anna@example.com', false, false],
      );
      assert.equal(shown.username, null);
      assert.equal(joined.teamId, teamId);
      assert.equal((await visitor.call('getSession')).id, joined.user.id);
      assert.equal((await visitor.call('getTeam', { params: { id: teamId } })).role, 'viewer');
      await cp.visitor().refused('joinByInvitationLink', 404, { body: { token, ...account() } });
      await cp.visitor().refused('readInvitationLink', 404, { body: { token } });
    });

    it('let one person in when many use the same link at once', async () => {
      const { teamId } = await buildApplication(cp);
      const { link } = await invite(teamId, 'shared@example.com');
      const body = () => ({ token: tokenOf(link), ...account() });

      const answers = await Promise.all(
        Array.from({ length: 5 }, () =>
          cp.visitor().send('POST', '/invitation-links/join', { body: body() }),
        ),
      );

      assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 404, 404, 404, 404]);
      assert.equal((await cp.admin.call('listMembers', { params: { id: teamId } })).total, 2);
    });

    it('are accepted with the link by somebody who is signed in, but not in the place of another', async () => {
      const { teamId } = await buildApplication(cp);
      const [invited, other] = [await buildMember(cp, null), await buildMember(cp, null)];
      const token = tokenOf((await invite(teamId, invited.username)).link);
      const open = tokenOf((await invite(teamId, 'whoever@example.com')).link);

      const error = await other.client.refused('acceptInvitationLink', 409, { body: { token } });
      await cp.visitor().refused('joinByInvitationLink', 409, { body: { token, ...account() } });
      await invited.client.call('acceptInvitationLink', { body: { token } });
      await other.client.call('acceptInvitationLink', { body: { token: open } });

      assert.match(error.message, new RegExp(`is for ${invited.username}`));
      assert.equal((await cp.admin.call('listMembers', { params: { id: teamId } })).total, 3);
    });

    it('are not bound to an account by the e-mail address that somebody wrote into it', async () => {
      const { teamId } = await buildApplication(cp);
      const thief = await buildMember(cp, null);
      await thief.client.call('updateUser', { body: { email: 'chef@example.com' } });
      await invite(teamId, 'chef@example.com', 'owner');

      assert.equal((await thief.client.call('listOwnInvitations')).total, 0);
    });

    it('end after seven days and are good again when sent again, with a new link', async () => {
      const { teamId } = await buildApplication(cp);
      const { client, username } = await buildMember(cp, null);
      const first = await invite(teamId, username);
      const days = (Date.parse(first.invitation.expiresAt) - Date.now()) / 86_400_000;
      const params = { id: teamId, invitationId: first.invitation.id };
      await expire(first.invitation.id);

      await client.refused('acceptInvitationLink', 404, { body: { token: tokenOf(first.link) } });
      await client.refused('acceptInvitation', 404, { params: { id: first.invitation.id } });
      const [expired] = (await cp.admin.call('listInvitations', { params: { id: teamId } })).items;
      const renewed = await cp.admin.call('renewInvitation', { params });

      assert.ok(days > 6.9 && days <= 7);
      assert.equal(expired?.expired, true);
      await client.refused('acceptInvitationLink', 404, { body: { token: tokenOf(first.link) } });
      await client.call('acceptInvitationLink', { body: { token: tokenOf(renewed.link) } });
    });

    it('are taken back, and then nobody comes in', async () => {
      const { teamId } = await buildApplication(cp);
      const other = await buildApplication(cp);
      const { link, invitation } = await invite(teamId, 'no@example.com');
      const params = { id: teamId, invitationId: invitation.id };

      await cp.admin.refused('withdrawInvitation', 404, { params: { ...params, id: other.teamId } });
      await cp.admin.call('withdrawInvitation', { params });

      await cp
        .visitor()
        .refused('joinByInvitationLink', 404, { body: { token: tokenOf(link), ...account() } });
      await cp.admin.refused('renewInvitation', 404, { params });
    });

    it('count against the member limit when they are accepted, and say so to the person', async () => {
      const { teamId } = await buildApplication(cp);
      const type = await cp.admin.call('createTeamType', {
        body: { name: uniqueName('two'), limits: { members: 2 } },
      });
      await cp.admin.call('updateTeam', { params: { id: teamId }, body: { teamTypeId: type.id } });
      const links = [await invite(teamId, 'a@example.com'), await invite(teamId, 'b@example.com')];

      const answers = await Promise.all(
        links.map(({ link }) =>
          cp
            .visitor()
            .send('POST', '/invitation-links/join', { body: { token: tokenOf(link), ...account() } }),
        ),
      );

      assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409]);
      assert.match(
        JSON.stringify(answers.map(({ body }) => body)),
        /is full: its team type allows 2 members/,
      );
      assert.equal((await cp.admin.call('listInvitations', { params: { id: teamId } })).total, 1);
      const names = answers.map(({ body }) => (body as { user?: { username: string } }).user?.username);
      assert.equal(names.filter((name) => name !== undefined).length, 1);
    });

    it('are made by owners alone, once for each person, and not for members or nobody', async () => {
      const { teamId } = await buildApplication(cp);
      const member = await buildMember(cp, teamId);
      const params = { id: teamId };
      await invite(teamId, 'twice@example.com');
      const ask = (invitee: string) => ({ params, body: { invitee, role: 'owner' } });

      await member.client.refused('createInvitation', 403, ask('x@example.com'));
      await member.client.refused('listInvitations', 403, { params });
      assert.equal(
        (await cp.admin.refused('createInvitation', 409, ask('TWICE@example.com'))).code,
        'already_invited',
      );
      assert.equal(
        (await cp.admin.refused('createInvitation', 409, ask(member.username))).code,
        'already_member',
      );
      for (const invitee of [
        'nobody-at-all',
        '__proto__',
        'constructor',
        'nul\u0000byte',
        '<script>',
        'a@b c.de',
        'a@b.de\r\nbcc: x@y.de',
      ]) {
        await cp.admin.refused('createInvitation', 422, ask(invitee));
      }
      await cp.admin.refused('createInvitation', 413, ask('x'.repeat(1024 * 1024)));
      await cp.admin.refused('createInvitation', 422, ask('x'.repeat(255)));
      for (const token of ['', 'fyi_', '__proto__', '\u0000', "' or 1=1 --"]) {
        await cp.visitor().refused('readInvitationLink', 404, { body: { token } });
      }
    });

    it('are in the audit log, by whom and for whom', async () => {
      const { teamId } = await buildApplication(cp);
      const { client, username } = await buildMember(cp, null);
      const { invitation } = await invite(teamId, username);
      await client.call('acceptInvitation', { params: { id: invitation.id } });

      const { items } = await cp.admin.call('listTeamAudit', { params: { id: teamId } });

      const about = items.filter(({ subject }) => subject.kind === 'invitation');
      assert.deepEqual(
        about.map(({ event, actor, subject }) => [event, actor.name, subject.name]),
        [
          ['invitation.accepted', username, username],
          ['invitation.created', 'admin', username],
        ],
      );
    });

    it('a person leaves a team; of two owners who leave or demote each other at once, one stays', async () => {
      const { teamId } = await buildApplication(cp);
      const [one, two] = [await buildMember(cp, teamId, 'owner'), await buildMember(cp, teamId, 'owner')];
      const member = await buildMember(cp, teamId);
      const admin = await cp.admin.call('getUser');
      const path = `/teams/${teamId}/members`;
      await member.client.call('leaveTeam', { params: { id: teamId } });
      await member.client.refused('leaveTeam', 404, { params: { id: teamId } });
      await cp.admin.call('leaveTeam', { params: { id: teamId } });

      const leaving = await Promise.all([
        one.client.send('DELETE', `/user/teams/${teamId}`),
        two.client.send('PATCH', `${path}/${two.userId}`, { body: { role: 'viewer' } }),
      ]);
      const owners = (await cp.admin.call('listMembers', { params: { id: teamId } })).items.filter(
        ({ role }) => role === 'owner',
      );

      assert.deepEqual(leaving.map(({ status }) => status).filter((status) => status === 409).length, 1);
      assert.equal(owners.length, 1);
      assert.notEqual(owners[0]?.userId, admin.id);
    });
  });
}

describe('Invitations by e-mail', function () {
  this.timeout(60_000);
  let cp: ControlPlaneInProcess;
  let mail: MailServer;
  before(async () => {
    mail = await startMailServer();
    cp = await startControlPlane({ config: { mail: { url: mail.url, from: 'flowyard@example.com' } } });
  });
  after(async () => {
    await cp?.stop();
    await mail?.stop();
  });

  it('bring the link, and names in them stay text', async () => {
    const team = await cp.admin.call('createTeam', { body: { name: '<script>alert(1)</script>' } });
    const sent = await cp.admin.call('createInvitation', {
      params: { id: team.id },
      body: { invitee: 'eve@example.com', role: 'member' },
    });

    const { source } = await mail.mailTo('eve@example.com', tokenOf(sent.link));

    assert.equal(sent.mailed, true);
    assert.match(source, /content-type: text\/plain/i);
    assert.doesNotMatch(source, /text\/html/i);
  });
});
