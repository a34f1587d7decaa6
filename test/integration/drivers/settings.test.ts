import assert from 'node:assert/strict';
import { randomBytes, scryptSync } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULT_SETTINGS, IDENTITY_HEADER, type ResolvedSettings } from '@flowyard/protocol';
import { eventually } from '../../support/eventually.ts';
import { buildHttpFlow, textRoute } from '../../support/node-red-flows.ts';
import { nodeRedsBelow } from '../../support/processes.ts';
import { DriverWorld } from './driver-world.ts';

const FLOWS = buildHttpFlow(textRoute('/hello', 'world'), {
  path: '/zone',
  code: 'msg.payload = new Date(Date.UTC(2024, 0, 1, 12)).getHours() + " " + env.get("TZ"); return msg;',
});

function hashed(password: string): string {
  const salt = randomBytes(16);
  return `scrypt$${salt.toString('base64url')}$${scryptSync(password, salt, 32).toString('base64url')}`;
}

interface EditorSettings {
  externalModules: { palette: { allowInstall: boolean; allowList: string[]; denyList: string[] } };
  editorTheme: { tours: boolean; palette?: { catalogues: string[] }; theme?: string };
  codeEditor: { lib: string };
  functionExternalModules?: boolean;
}

describe('settings of an instance, in a real Node-RED', function () {
  this.timeout(90_000);
  let world: DriverWorld;

  before(async () => {
    world = new DriverWorld();
    await world.start();
  });
  after(() => world.clear());

  const start = async (name: string, settings: Partial<ResolvedSettings>) => {
    const id = world.add(name, FLOWS, { settings: { ...DEFAULT_SETTINGS, ...settings } });
    await world.until(id, 'running');
    return id;
  };
  const asPerson = (id: string) => ({ headers: { [IDENTITY_HEADER]: world.identity(id, 'member') } });
  const editorSettings = async (id: string) =>
    (await (await world.fetch(id, '/settings', asPerson(id))).json()) as EditorSettings;
  const folderOf = (id: string) => join(world.dataDir, 'instances', world.instance(id).target.folder ?? '');

  it('change how the editor looks and what may be installed', async () => {
    const id = await start('looks', {
      'editor.title': 'Bottling <line> 4',
      'editor.headerUrl': 'https://example.com/wiki',
      'editor.headerColour': '#ffcc00',
      'editor.tours': true,
      'editor.codeEditor': 'ace',
      'palette.install': false,
      'palette.allow': ['node-red-contrib-*'],
      'palette.deny': ['node-red-contrib-bad'],
      'palette.catalogues': ['https://example.com/catalogue.json'],
      'runtime.debugLength': 123,
      'runtime.externalModules': false,
    });

    const page = await world.text(id, '/');
    assert.match(page, /<title>Bottling &lt;line&gt; 4<\/title>/);
    const style = page.includes('theme&#x2F;css&#x2F;flowyard-header.css')
      ? 'theme/css/flowyard-header.css'
      : '';
    assert.match(await world.text(id, `/${style}`), /background-color: #ffcc00/);
    const theme = (await (await world.fetch(id, '/theme', asPerson(id))).json()) as {
      header: { url: string };
    };
    assert.equal(theme.header.url, 'https://example.com/wiki');
    const settings = await editorSettings(id);
    assert.equal(settings.editorTheme.tours, true);
    assert.equal(settings.codeEditor.lib, 'ace');
    assert.deepEqual(settings.editorTheme.palette?.catalogues, ['https://example.com/catalogue.json']);
    assert.equal(settings.externalModules.palette.allowInstall, false);
    assert.deepEqual(settings.externalModules.palette.denyList, ['node-red-contrib-bad', '*']);
    assert.equal(settings.functionExternalModules, false);
    const diagnostics = (await (await world.fetch(id, '/diagnostics', asPerson(id))).json()) as {
      runtime: { settings: { debugMaxLength: number } };
    };
    assert.equal(diagnostics.runtime.settings.debugMaxLength, 123);
    const install = await world.fetch(id, '/nodes', {
      method: 'POST',
      headers: { ...asPerson(id).headers, 'content-type': 'application/json' },
      body: JSON.stringify({ module: 'node-red-contrib-good' }),
    });
    assert.ok(install.status >= 400, `installing answered ${install.status}`);
  });

  it('leave our own modules in when only few are allowed', async () => {
    const id = await start('own', { 'palette.allow': ['node-red-contrib-x'] });

    const plugins = await (await world.fetch(id, '/plugins', asPerson(id))).text();
    assert.match(plugins, /flowyard/);
  });

  it('turn the editor off, while flows go on and are deployed from outside', async () => {
    const id = await start('no-editor', { 'editor.enabled': false });

    assert.equal((await world.fetch(id, '/', asPerson(id))).status, 404);
    assert.equal((await world.fetch(id, '/flows', asPerson(id))).status, 404);
    assert.equal((await world.fetch(id, '/settings', asPerson(id))).status, 404);
    assert.equal(await world.text(id, '/hello'), 'world');
    const revision = world.putFlows(id, buildHttpFlow(textRoute('/hello', 'again')));
    world.change(id, { flowsRevision: revision });
    await eventually(async () => (await world.text(id, '/hello')) === 'again');
  });

  it('let the named origins call flows, and only those', async () => {
    const id = await start('cors', { 'http.corsOrigins': ['https://good.example'] });
    const ask = (origin: string) =>
      world.fetch(id, '/hello', {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST' },
      });

    const good = await ask('https://good.example');
    assert.equal(good.headers.get('access-control-allow-origin'), 'https://good.example');
    assert.equal((await ask('https://bad.example')).headers.get('access-control-allow-origin'), null);
    const plain = await start('no-cors', {});
    const answer = await world.fetch(plain, '/hello', {
      method: 'OPTIONS',
      headers: { origin: 'https://good.example', 'access-control-request-method': 'POST' },
    });
    assert.equal(answer.headers.get('access-control-allow-origin'), null);
  });

  it('bound the size of requests', async () => {
    const id = await start('limits', { 'runtime.apiBodyMb': 1 });
    const send = (bytes: number) =>
      world.fetch(id, '/flows', {
        method: 'POST',
        headers: { ...asPerson(id).headers, 'content-type': 'application/json' },
        body: JSON.stringify({ flows: [], text: 'x'.repeat(bytes) }),
      });

    assert.equal((await send(1_100_000)).status, 413);
    assert.notEqual((await send(900_000)).status, 413);
  });

  it('set the time zone', async () => {
    const id = await start('zone', { 'runtime.timeZone': 'Asia/Tokyo' });

    assert.equal(await world.text(id, '/zone'), '21 Asia/Tokyo');
  });

  it('write the npm configuration for nobody else to read, and take it away again', async () => {
    const id = await start('npmrc', { 'palette.npmrc': '//registry.example.com/:_authToken=abc' });
    const path = join(folderOf(id), '.npmrc');

    assert.equal(readFileSync(path, 'utf8'), '//registry.example.com/:_authToken=abc\n');
    assert.equal(statSync(path).mode & 0o777, 0o600);
    world.change(id, { settings: DEFAULT_SETTINGS, restarts: 1 });
    await eventually(() => !existsSync(path), { withinMs: 20_000 });
  });

  it('let somebody sign in for emergencies, and only with the right password', async () => {
    const id = await start('emergency', {
      'login.user': 'rescue',
      'login.password': hashed('the right one'),
    });
    const signIn = async (username: string, password: string) => {
      const answer = await world.fetch(id, '/auth/token', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          client_id: 'node-red-editor',
          grant_type: 'password',
          scope: '*',
          username,
          password,
        }),
      });
      return answer.status === 200 ? ((await answer.json()) as { access_token: string }).access_token : null;
    };

    assert.equal(await signIn('rescue', 'a wrong one'), null);
    assert.equal(await signIn('somebody', 'the right one'), null);
    const token = await signIn('rescue', 'the right one');
    assert.ok(token);
    const flows = await world.fetch(id, '/flows', { headers: { authorization: `Bearer ${token}` } });
    assert.equal(flows.status, 200);
    const plain = await start('no-emergency', {});
    const refused = await world.fetch(plain, '/flows', { headers: { authorization: `Bearer ${token}` } });
    assert.equal(refused.status, 401);
  });

  it('say with what a process was started', async () => {
    const id = world.add('facts', FLOWS, { startFacts: '{"first":1}' });
    await world.until(id, 'running');

    assert.equal(world.started.get(id), '{"first":1}');
    world.change(id, { startFacts: '{"second":2}' });
    await world.until(id, 'running');
    assert.equal(world.started.get(id), '{"first":1}');
    world.change(id, { restarts: 1 });
    await eventually(() => world.started.get(id) === '{"second":2}', { withinMs: 20_000 });
  });

  it('start safe mode after as many crashes as they say', async () => {
    const crash = buildHttpFlow({
      path: '/x',
      code: 'return msg;',
      initialize: "(async () => { throw new Error('boom'); })();",
    });
    const id = world.add('crashing', crash, { settings: { ...DEFAULT_SETTINGS, 'safety.crashes': 1 } });

    await world.until(id, 'safe', 30_000);
  });
});

describe('settings and the warm pool', function () {
  this.timeout(90_000);
  let world: DriverWorld;

  beforeEach(async () => {
    world = new DriverWorld();
    world.poolSize = 1;
    await world.start();
  });
  afterEach(() => world.clear());

  const startFromPool = async (settings: Partial<ResolvedSettings>) => {
    const pid = await eventually(() => world.warm.shift(), { withinMs: 30_000 });
    const id = world.add('line', FLOWS, {
      settings: { ...DEFAULT_SETTINGS, ...settings },
      startFacts: '{"a":1}',
    });
    await world.until(id, 'running');
    const folder = join(world.dataDir, 'instances', world.instance(id).target.folder ?? '');
    return { id, isClaimed: nodeRedsBelow(folder).includes(pid) };
  };

  it('an instance takes a warm process when its settings can be told late, and has them', async () => {
    const { id, isClaimed } = await startFromPool({
      'editor.title': 'Line 4',
      'runtime.timeZone': 'Asia/Tokyo',
      'http.access': 'tokens',
      'editor.enabled': true,
    });

    assert.equal(isClaimed, true);
    assert.equal(await world.text(id, '/zone'), '21 Asia/Tokyo');
    assert.match(await world.text(id, '/'), /<title>Line 4<\/title>/);
    assert.equal(world.started.get(id), '{"a":1}');
  });

  it('an instance has a process of its own when Node-RED must know its settings while it loads', async () => {
    const { id, isClaimed } = await startFromPool({ 'palette.install': false });

    assert.equal(isClaimed, false);
    assert.equal(await world.text(id, '/hello'), 'world');
  });
});
