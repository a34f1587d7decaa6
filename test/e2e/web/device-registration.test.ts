import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../../integration/device-agent/support/agent-process.ts';
import { AgentClient } from '../../support/agent-client.ts';
import { type OpenPage, openPage, signInOnPage } from '../../support/browser.ts';
import { buildApplication } from '../../support/builders.ts';
import { type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';
import { eventually } from '../../support/eventually.ts';

const MAIN = join(import.meta.dirname, '../../../device-agent/dist/main.js');

describe('Registering a device on the page', function () {
  this.timeout(120_000);
  let cp: RunningControlPlane;
  let open: OpenPage;
  let folder: string;
  let teamId: string;
  let applicationId: string;

  before(async () => {
    cp = await startControlPlane();
    open = await openPage();
    ({ teamId, applicationId } = await buildApplication(cp));
    await open.page.goto(`${cp.url}/teams/${teamId}/devices`);
    await signInOnPage(open.page);
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'flowyard-device-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  after(async () => {
    await open?.close();
    await cp?.stop();
  });

  const tokenIn = async (place: string) =>
    /token: (\S+)/.exec(await readFile(join(place, 'device.yml'), 'utf8'))?.[1] ?? '';

  it('by the address that the machine prints', async () => {
    const machine = spawn(process.execPath, [MAIN, 'register', '--url', cp.url, '--dir', folder]);
    const ended = new Promise<number | null>((resolve) => machine.on('close', resolve));
    let said = '';
    machine.stdout.on('data', (chunk) => {
      said += chunk;
    });
    const { page } = open;
    try {
      const address = await eventually(() => /Open (\S+)/.exec(said)?.[1]);
      await page.goto(address);
      await page.getByLabel('Name of the device').fill('Press 17');
      await page.locator('[data-test=accept]').click();
      await page.getByText('Waiting for the device to connect').waitFor();
      assert.equal(await ended, 0);
    } finally {
      machine.kill('SIGKILL');
    }
    const agent = await AgentClient.connect(cp.url, await tokenIn(folder));
    agent.hello();
    await page.getByText('It is here.').waitFor();
    await page.getByRole('link', { name: 'To the device' }).click();
    await page.getByRole('heading', { name: 'Press 17' }).waitFor();
    agent.close();
    assert.deepEqual(open.complaints, []);
  });

  it('by the code that the page shows', async () => {
    const { page } = open;
    await page.goto(`${cp.url}/teams/${teamId}/devices`);
    await page.locator('[data-test=add-device]').click();
    await page.getByRole('dialog').locator('[data-test=name] input').fill('Press 18');
    await page.getByRole('dialog').locator('[data-test=submit]').click();
    const code = (await page.locator('[data-test=code]').textContent())?.trim().split(' ') ?? [];

    const joined = await runCommand(
      ...['register', '--url', cp.url, '--code', code.join('-'), '--dir', folder],
    );

    assert.equal(joined.code, 0, joined.stderr);
    const agent = await AgentClient.connect(cp.url, await tokenIn(folder));
    agent.hello();
    await page.getByText('It is here.').waitFor();
    agent.close();
    const again = await runCommand(
      ...['register', '--url', cp.url, '--code', code.join('-'), '--dir', folder, '--force'],
    );
    assert.match(again.stderr, /This code is not good/);
  });

  it('shows another machine with its identity, and renews its credentials', async () => {
    const { page } = open;
    const made = await cp.admin.call('createDevice', {
      params: { id: teamId },
      body: { name: 'Press 19', applicationId },
    });
    const device = await AgentClient.connect(cp.url, made.credentials.token);
    device.hello();
    await device.target();
    await page.goto(`${cp.url}/devices/${made.id}`);

    const copy = await AgentClient.connect(cp.url, made.credentials.token);
    copy.hello({ hostname: 'ipc-copy' });
    await page.getByText('Another machine came with the identity').waitFor();
    assert.match((await page.getByRole('alert').first().textContent()) ?? '', /ipc-copy/);
    await page.locator('[data-test=accept-machine]').click();
    await page.getByRole('dialog').getByRole('button', { name: 'It is the device now' }).click();
    await page.getByText('Another machine came with the identity').waitFor({ state: 'detached' });

    await page.locator('[data-test=renew]').click();
    await page.getByRole('dialog').getByLabel('The old ones end now').check();
    await page.getByRole('dialog').getByRole('button', { name: 'Renew' }).click();
    await page.getByText('This is shown once.').waitFor();
    await assert.rejects(AgentClient.connect(cp.url, made.credentials.token), /401/);
    device.close();
    assert.deepEqual(open.complaints, []);
  });
});
