import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { FlowNode } from '@flowyard/protocol';
import { WebSocket } from 'ws';
import { type OpenPage, openPage } from '../../support/browser.ts';
import { eventually } from '../../support/eventually.ts';
import { DeveloperWorld } from './support/developer-world.ts';
import { answeringFlows } from './support/flows.ts';
import { LocalPageClient } from './support/local-page-client.ts';
import { MINUTE, RegisteredDevice } from './support/registered-device.ts';

const DEVELOPER = { identityKey: 'not a key of this test', nodeRed: '4.1.15' };

/** Deploys as the editor does, with another answer of `/hello`. */
async function deployOn(page: LocalPageClient, text: string): Promise<number> {
  const { flows, rev } = (await (await page.editor('flows')).json()) as { flows: FlowNode[]; rev: string };
  const changed = flows.map((node) => (node.id === 'tpl1' ? { ...node, template: text } : node));
  return (await page.editor('flows', { method: 'POST', body: { flows: changed, rev } })).status;
}

describe('The emergency editor of a device', function () {
  this.timeout(4 * MINUTE);
  let registered: RegisteredDevice;
  let page: LocalPageClient;

  before(async () => {
    registered = await RegisteredDevice.create();
    await start('60');
    await registered.run('snap001', 'one');
  });
  afterEach(function () {
    if (this.currentTest?.state === 'failed') {
      registered.print();
    }
  });
  after(() => registered?.dispose());

  /** Starts the agent with its page; null leaves the emergency editor off. */
  async function start(minutes: string | null): Promise<void> {
    const { device } = registered;
    const from = device.output.length;
    device.start('--local-page', '0', ...(minutes === null ? [] : ['--emergency-editor', minutes]));
    page = await LocalPageClient.of(device, from);
  }

  async function startAgain(minutes: string | null): Promise<void> {
    await registered.device.end('SIGKILL');
    await start(minutes);
  }

  const answers = (text: string) =>
    eventually(async () => (await registered.device.get('/hello')) === text, { withinMs: MINUTE });

  async function open(): Promise<void> {
    assert.equal((await page.change('emergency/open')).status, 202);
    await eventually(
      async () => {
        const { current, emergency } = await page.state();
        return emergency?.isReady && current.state === 'running' && current.mode === 'developer';
      },
      { withinMs: MINUTE },
    );
  }

  const deploy = (text: string) => deployOn(page, text);

  const kept = () => readFile(path.join(registered.device.folder, 'developer-kept', 'flows.json'), 'utf8');

  it('is not there unless it is opened', async () => {
    assert.deepEqual((await page.state()).emergency, { minutes: 60, leftMs: null, isReady: false });
    assert.equal((await page.editor('')).status, 404);
    assert.equal((await page.editor('flows')).status, 404);
    assert.equal((await fetch(`http://127.0.0.1:${registered.device.port}/flows`)).status, 404);
  });

  it('is opened and used only by who knows the password, and by no page of others', async () => {
    for (const password of [null, 'wrong']) {
      assert.equal((await page.change('emergency/open', { password })).status, 401);
      assert.equal((await page.editor('', { password })).status, 401);
    }
    assert.equal((await page.change('emergency/open', { header: false })).status, 403);
    assert.equal((await page.state()).emergency?.leftMs, null);
  });

  it('lets somebody change what runs while the control plane is away', async () => {
    await registered.plane.stop();

    await open();

    await answers('one');
    assert.equal(await deploy('edited'), 200);
    await answers('edited');
    const { current, emergency } = await page.state();
    assert.deepEqual([current.state, current.mode], ['running', 'developer']);
    assert.match(current.reason ?? '', /emergency editor was opened at the machine/);
    assert.ok((emergency?.leftMs ?? 0) > 58 * MINUTE && (emergency?.leftMs ?? 0) <= 60 * MINUTE);
  });

  it('has no other way in', async () => {
    const direct = `http://127.0.0.1:${registered.device.port}`;
    const forged = { 'x-flowyard-identity': 'eyJ1c2VySWQiOiJhIn0.AAAA' };
    assert.equal((await fetch(`${direct}/flows`)).status, 401);
    assert.equal((await fetch(`${direct}/flows`, { headers: forged })).status, 401);
    assert.equal((await page.editor('flows', { password: null })).status, 401);
    assert.equal((await page.editor('flows', { password: 'wrong' })).status, 401);

    const elsewhere = { origin: 'http://elsewhere.example' };
    const body = { flows: [] };
    assert.equal((await page.editor('flows', { method: 'POST', body, headers: elsewhere })).status, 403);
    assert.equal((await page.editor('flows', { method: 'POST', body, ownPage: false })).status, 403);
    assert.equal((await page.editor('flows', { headers: elsewhere })).status, 403);
    assert.equal(await registered.device.get('/hello'), 'edited');
  });

  it('leads the socket of the editor for its own page alone', async () => {
    const url = new URL('editor/comms', page.url.replace('http', 'ws'));
    const connect = (headers: Record<string, string>) =>
      new Promise<WebSocket | string>((resolve) => {
        const socket = new WebSocket(url, { headers });
        socket.once('open', () => resolve(socket));
        socket.once('error', (error) => resolve(error.message));
      });
    const { origin } = new URL(page.url);
    const basic = page.basic();
    assert.match(String(await connect({ origin })), /401/);
    assert.match(String(await connect({ ...basic, origin: 'http://elsewhere.example' })), /403/);
    assert.match(String(await connect(basic)), /403/);
    const cookie = (await page.editor('')).headers.get('set-cookie')?.split(';')[0] ?? '';
    assert.match(String(await connect({ cookie: `${cookie}x`, origin })), /401/);
    for (const headers of [
      { ...basic, origin },
      { cookie, origin },
    ]) {
      const socket = await connect(headers);
      assert.ok(socket instanceof WebSocket, String(socket));
      socket.terminate();
    }
  });

  it('goes on when the agent is killed, and tells the control plane when that is back', async () => {
    const before = await registered.device.nodeRedPid();
    await startAgain('60');

    await registered.plane.start();

    await eventually(() => registered.plane.last?.mode === 'developer' && registered.plane.last.edited, {
      withinMs: MINUTE,
    });
    assert.equal(await registered.device.nodeRedPid(), before);
    assert.match(registered.plane.last?.reason ?? '', /opened at the machine/);
    await registered.plane.until(
      'mode-changed',
      ({ mode, reason }) => mode === 'developer' && /opened at the machine/.test(String(reason)),
    );
    await registered.plane.until('flows-deployed', ({ username }) => username === 'at the machine');
    assert.equal(await deploy('edited more'), 200);
    await answers('edited more');
  });

  it('keeps the target waiting, and goes back to no release', async () => {
    registered.plane.setTarget({
      snapshot: registered.plane.snapshot('snap002', { flows: answeringFlows('two') }),
    });
    await eventually(async () => (await page.state()).targetSnapshot === 'Snapshot snap002');
    assert.equal((await page.change('roll-back')).status, 409);
    assert.equal(await registered.device.get('/hello'), 'edited more');
  });

  it('sets aside what was edited when somebody ends it, and runs the target', async () => {
    assert.equal((await page.change('emergency/end')).status, 202);

    await eventually(() => registered.runs('snap002') && registered.plane.last?.mode === 'fleet', {
      withinMs: MINUTE,
    });
    assert.equal(await registered.device.get('/hello'), 'two');
    assert.match(await kept(), /edited more/);
    assert.equal((await page.editor('flows')).status, 404);
    assert.equal(existsSync(path.join(registered.device.folder, 'journal', 'emergency.json')), false);
  });

  it('ends by itself when its time is over, also while the control plane is away', async () => {
    await startAgain('0.4');
    await eventually(() => registered.runs('snap002'), { withinMs: MINUTE });
    await registered.plane.stop();
    await open();
    assert.equal(await deploy('too late'), 200);
    await answers('too late');
    assert.equal((await page.change('emergency/open')).status, 202, 'it is prolonged');

    await answers('two');

    assert.match(await kept(), /too late/);
    assert.equal((await page.state()).emergency?.leftMs, null);
    await registered.plane.start();
  });

  it('is over when the plant does not want it any more', async () => {
    await startAgain('60');
    await open();
    assert.equal(await deploy('unwanted'), 200);

    await startAgain(null);

    await answers('two');
    assert.match(await kept(), /unwanted/);
    assert.equal((await page.state()).emergency, null);
    assert.equal((await page.change('emergency/open')).status, 404);
    assert.equal((await page.editor('')).status, 404);
  });

  it('gives way to developer mode, and cannot be opened during it', async () => {
    await startAgain('60');
    await open();
    assert.equal(await deploy('at the machine'), 200);

    registered.plane.setTarget({ mode: 'developer', developer: DEVELOPER });

    await eventually(async () => /at the machine/.test(await kept()), { withinMs: MINUTE });
    await answers('two');
    const refused = await page.change('emergency/open');
    assert.equal(refused.status, 409);
    assert.match(await refused.text(), /developer mode/);
    assert.equal((await page.editor('flows')).status, 404);
    assert.equal((await fetch(`http://127.0.0.1:${registered.device.port}/flows`)).status, 401);
    registered.plane.setTarget({ mode: 'fleet', developer: null });
    await eventually(() => registered.plane.last?.mode === 'fleet' && registered.runs('snap002'), {
      withinMs: MINUTE,
    });
  });

  describe('in a browser', () => {
    let browser: OpenPage;
    before(async () => {
      browser = await openPage({ credentials: { username: 'operator', password: page.password } });
      await browser.page.goto(page.url);
    });
    after(() => browser?.close());

    it('is opened, used and ended', async () => {
      browser.page.on('dialog', (dialog) => void dialog.accept());
      await browser.page.getByRole('button', { name: 'Open the emergency editor' }).click();
      const link = browser.page.getByRole('link', { name: 'Open Node-RED' });
      await link.waitFor({ timeout: MINUTE });
      await browser.page.getByText('Open for another 60 minutes.').waitFor();

      const [editor] = await Promise.all([browser.page.waitForEvent('popup'), link.click()]);
      await editor.getByText('Line', { exact: true }).first().waitFor({ timeout: MINUTE });
      await editor.evaluate(
        `RED.nodes.node('tpl1').template = 'by hand'; RED.nodes.node('tpl1').changed = true;
         RED.nodes.dirty(true); RED.actions.invoke('core:deploy-flows')`,
      );
      await answers('by hand');

      await browser.page.getByRole('button', { name: 'End it' }).click();
      await answers('two');
      await browser.page.getByRole('button', { name: 'Open the emergency editor' }).waitFor();
      assert.deepEqual(browser.complaints, []);
    });
  });
});

describe('The emergency editor of a device whose control plane is reached', function () {
  this.timeout(4 * MINUTE);
  const world = new DeveloperWorld();
  let page: LocalPageClient;

  before(async () => {
    await world.start();
    await world.device.end('SIGTERM');
    world.device.start('--local-page', '0', '--emergency-editor', '60');
    await world.release(answeringFlows('released') as FlowNode[]);
    page = await LocalPageClient.of(world.device, 0);
  });
  afterEach(function () {
    if (this.currentTest?.state === 'failed') {
      process.stdout.write(`${world.device.output}\n${world.plane.output.join('\n')}\n`);
    }
  });
  after(() => world.dispose());

  it('is told to the platform, which can take a snapshot of what was edited', async () => {
    assert.equal((await page.change('emergency/open')).status, 202);
    const view = await world.until((seen) => seen.runningMode === 'developer' && seen.status === 'running');
    assert.deepEqual([view.mode, view.developer, view.drift?.kind], ['fleet', null, 'developer']);
    assert.match(view.drift?.text ?? '', /opened at the machine/);
    await eventually(async () => (await page.state()).emergency?.isReady, { withinMs: MINUTE });
    assert.equal(await deployOn(page, 'edited at the machine'), 200);

    const { id } = await world.admin.call('createDeviceSnapshot', {
      params: { id: world.deviceId },
      body: { name: 'What helped' },
    });

    const { flows } = await world.admin.call('getSnapshotFlows', { params: { id } });
    assert.equal(flows.find((node) => node.id === 'tpl1')?.template, 'edited at the machine');
  });

  it('is in the audit log, with its deploys', async () => {
    const found = (event: string, says: RegExp) =>
      eventually(async () => {
        const { items } = await world.admin.call('listDeviceAudit', { params: { id: world.deviceId } });
        return items.find((item) => item.event === event && says.test(JSON.stringify(item.details)));
      });
    assert.equal((await found('device.mode-changed', /opened at the machine/))?.actor.kind, 'device');
    assert.equal((await found('device.flows-deployed', /at the machine/))?.actor.kind, 'device');
  });

  it('gives way to developer mode that the platform switches on, and back to the target', async () => {
    await world.develop();
    await eventually(async () => (await world.device.get('/hello')) === 'released');
    const cookie = await world.openEditor();
    assert.ok(cookie);
    assert.equal((await page.editor('flows')).status, 404);

    await world.fleet();

    assert.equal(await world.device.get('/hello'), 'released');
    assert.equal((await world.view()).drift, null);
  });
});
