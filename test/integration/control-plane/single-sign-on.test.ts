import assert from 'node:assert/strict';
import { readConfig } from '../../../control-plane/src/config.ts';
import type { ApiClient } from '../../support/api-client.ts';
import { buildMember, uniqueName } from '../../support/builders.ts';
import {
  ADMIN_PASSWORD,
  type ControlPlaneInProcess,
  startControlPlane,
} from '../../support/control-plane.ts';
import { type Account, startProvider } from '../../support/oidc-provider.ts';

const PATH = '/api/v1/single-sign-on';

/** Follows the redirects between page and provider with the cookies of each, as a browser does. */
async function walk(
  start: string,
  stopAt: string,
): Promise<{ location: string; cookies: Map<string, string> }> {
  const jars = new Map<string, Map<string, string>>();
  let url = start;
  for (let step = 0; step < 12; step++) {
    const { host } = new URL(url);
    const jar = jars.get(host) ?? new Map<string, string>();
    jars.set(host, jar);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(url, { redirect: 'manual', headers: { cookie } });
    for (const set of answer.headers.getSetCookie()) {
      const [pair = ''] = set.split(';');
      jar.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1));
    }
    const location = answer.headers.get('location');
    assert.ok(location, `${url} answers ${answer.status} without a redirect: ${await answer.text()}`);
    url = new URL(location, url).href;
    if (new URL(url).host === stopAt && !url.includes(PATH)) {
      return { location: url, cookies: jars.get(stopAt) ?? new Map() };
    }
  }
  throw new Error(`no end: ${url}`);
}

describe('Single sign-on', function () {
  this.timeout(60_000);
  let cp: ControlPlaneInProcess;
  let provider: Awaited<ReturnType<typeof startProvider>>;
  before(async () => {
    provider = await startProvider(() => `${cp.url}${PATH}/callback`);
    const { singleSignOn } = readConfig([], {
      FLOWYARD_OIDC_ISSUER: provider.issuer,
      FLOWYARD_OIDC_CLIENT_ID: 'flowyard',
      FLOWYARD_OIDC_CLIENT_SECRET: 'a secret of the test that is long enough',
      FLOWYARD_OIDC_NAME: 'Plant login',
      FLOWYARD_OIDC_GROUP_ROLES:
        'engineers=sso-line:member,leads=sso-line:owner,it=administrator,lost=no-team:owner',
    });
    cp = await startControlPlane({ config: { singleSignOn } });
  });
  after(async () => {
    await cp?.stop();
    await provider?.stop();
  });

  async function signOn(subject: string, account: Account, back = '/account') {
    provider.letIn(subject, account);
    const { location, cookies } = await walk(
      `${cp.url}${PATH}/start?continue=${encodeURIComponent(back)}`,
      new URL(cp.url).host,
    );
    const session = cookies.get('flowyard_session');
    const get = async (path: string) =>
      (
        await fetch(`${cp.url}/api/v1${path}`, { headers: { cookie: `flowyard_session=${session}` } })
      ).json() as Promise<Record<string, unknown>>;
    return { location: location.replace(cp.url, ''), user: session ? await get('/user') : null, get };
  }

  it('makes an account for whoever the provider knows, and finds it again by the subject', async () => {
    const first = await signOn('s1', {
      preferred_username: 'Eva.Muster',
      name: 'Eva',
      email: 'eva@example.com',
    });
    const again = await signOn(
      's1',
      { preferred_username: 'renamed', email: 'other@example.com' },
      '//evil.example',
    );
    const namesake = await signOn('s2', { preferred_username: 'eva.muster' });

    assert.equal((await cp.visitor().call('getSignInOptions')).singleSignOn, 'Plant login');
    assert.deepEqual(
      [first.location, first.user?.username, first.user?.name],
      ['/account', 'eva.muster', 'Eva'],
    );
    assert.equal(again.user?.id, first.user?.id);
    assert.equal(again.location, '/');
    assert.equal(namesake.user?.username, 'eva.muster-2');
  });

  it('leads into an existing account only by a verified address, and only where that is allowed', async () => {
    const { client, userId } = await buildMember(cp, null);
    const email = 'known@example.com';
    await client.call('updateUser', { body: { email } });
    const refused = await signOn('k1', { email, email_verified: true });
    await cp.admin.call('updatePlatformSettings', { body: { linkByEmail: true } });
    const unverified = await signOn('k2', { email, email_verified: false });
    await cp.admin.call('changeUser', { params: { id: String(refused.user?.id) }, body: { email: null } });
    await cp.admin.call('changeUser', { params: { id: String(unverified.user?.id) }, body: { email: null } });
    const linked = await signOn('k3', { email: email.toUpperCase(), email_verified: true });
    await cp.admin.call('updatePlatformSettings', { body: { linkByEmail: false } });
    const later = await signOn('k3', { email: 'moved@example.com' });

    assert.notEqual(refused.user?.id, userId);
    assert.notEqual(unverified.user?.id, userId);
    assert.deepEqual([linked.user?.id, later.user?.id], [userId, userId]);
  });

  it('gives the roles of the groups and takes them again, and leaves what was given by hand', async () => {
    const team = await cp.admin.call('createTeam', { body: { name: 'SSO line', slug: 'sso-line' } });
    const byHand = await cp.admin.call('createTeam', { body: { name: uniqueName('By hand') } });
    const roleIn = async (get: (path: string) => Promise<Record<string, unknown>>, id: string) =>
      (await get(`/teams/${id}`)).role ?? null;
    const account = (groups: unknown) => ({ preferred_username: 'grouped', groups });

    const member = await signOn('g1', account(['engineers', 'lost', '__proto__']));
    await cp.admin.call('addMember', {
      params: { id: byHand.id },
      body: { username: 'grouped', role: 'viewer' },
    });
    assert.equal(await roleIn(member.get, team.id), 'member');
    assert.equal(await roleIn((await signOn('g1', account(['engineers', 'leads']))).get, team.id), 'owner');
    const gone = await signOn('g1', account([]));
    assert.equal(await roleIn(gone.get, team.id), null);
    assert.equal(await roleIn(gone.get, byHand.id), 'viewer');
    const admin = await signOn('g1', account(['it']));
    assert.equal(admin.user?.admin, true);
    assert.equal((await signOn('g1', account('it'))).user?.admin, false);
  });

  it('never takes the last owner from a team', async () => {
    const { items } = await cp.admin.call('listTeams', { query: { search: 'SSO line' } });
    const id = items[0]?.id ?? '';
    const lead = await signOn('l1', { preferred_username: 'lead', groups: ['leads'] });
    await cp.admin.call('leaveTeam', { params: { id } });

    const without = await signOn('l1', { preferred_username: 'lead', groups: [] });

    assert.equal((await lead.get(`/teams/${id}`)).role, 'owner');
    assert.equal((await without.get(`/teams/${id}`)).role, 'owner');
  });

  it('lets in nobody who is suspended, cancels, or comes back without having left', async () => {
    const known = await signOn('x1', { preferred_username: 'soon-gone' });
    await cp.admin.call('changeUser', { params: { id: String(known.user?.id) }, body: { suspended: true } });

    assert.equal((await signOn('x1', {})).location, '/sign-in?problem=suspended');
    assert.equal((await signOn('cancels', {})).location, '/sign-in?problem=refused');
    const forged = await fetch(`${cp.url}${PATH}/callback?code=x&state=y`, { redirect: 'manual' });
    assert.equal(forged.headers.get('location'), '/sign-in?problem=expired');
    assert.equal(
      forged.headers.getSetCookie().some((cookie) => cookie.startsWith('flowyard_session')),
      false,
    );
  });

  it('says so when the provider is away, and signing in with a password goes on', async () => {
    await provider.stop();
    const away = await startControlPlane({
      config: {
        singleSignOn: {
          issuer: 'http://127.0.0.1:9',
          clientId: 'flowyard',
          clientSecret: 'secret',
          groupsClaim: 'groups',
          name: 'Plant login',
          groupRoles: [],
        },
      },
    });
    try {
      const answer = await fetch(`${away.url}${PATH}/start`, { redirect: 'manual' });
      assert.equal(answer.headers.get('location'), '/sign-in?problem=provider-away');
      const visitor: ApiClient = away.visitor();
      await visitor.signIn('admin', ADMIN_PASSWORD);
    } finally {
      await away.stop();
    }
  });

  it('is not there where it is not configured, and refuses a configuration that is half or wrong', async () => {
    const complete = {
      FLOWYARD_OIDC_ISSUER: 'https://id.example.com',
      FLOWYARD_OIDC_CLIENT_ID: 'flowyard',
      FLOWYARD_OIDC_CLIENT_SECRET: 'secret',
    };
    assert.equal(readConfig([], {}).singleSignOn, null);
    assert.equal(readConfig([], complete).singleSignOn?.groupsClaim, 'groups');
    for (const wrong of [
      { FLOWYARD_OIDC_CLIENT_ID: '' },
      { FLOWYARD_OIDC_ISSUER: 'http://id.example.com' },
      { FLOWYARD_OIDC_GROUP_ROLES: 'engineers' },
      { FLOWYARD_OIDC_GROUP_ROLES: 'engineers=line:boss' },
      { FLOWYARD_OIDC_GROUP_ROLES: '=line:member' },
    ]) {
      assert.throws(() => readConfig([], { ...complete, ...wrong }), /FLOWYARD_OIDC_/);
    }
  });
});
