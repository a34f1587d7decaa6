import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type OpenPage, openPage } from '../../support/browser.ts';
import { eventually } from '../../support/eventually.ts';
import { answeringFlows } from './support/flows.ts';
import { MINUTE, RegisteredDevice } from './support/registered-device.ts';

describe('the page of the agent itself', function () {
  this.timeout(4 * MINUTE);
  let registered: RegisteredDevice;
  let url: string;
  let password: string;

  before(async () => {
    registered = await RegisteredDevice.create();
    registered.device.start('--local-page', '0');
    await registered.run('snap001', 'one');
    await registered.run('snap002', 'two');
    url = await eventually(() => /local page is at (\S+)/.exec(registered.device.output)?.[1]);
    const file = path.join(registered.device.folder, 'local-page-password');
    password = (await readFile(file, 'utf8')).trim();
  });
  afterEach(function () {
    if (this.currentTest?.state === 'failed') {
      registered.print();
    }
  });
  after(() => registered?.dispose());

  const ask = (path: string, init: { method?: string; password?: string; header?: boolean } = {}) =>
    fetch(new URL(path, url), {
      method: init.method ?? 'GET',
      headers: {
        ...(init.password !== undefined && {
          authorization: `Basic ${Buffer.from(`operator:${init.password}`).toString('base64')}`,
        }),
        ...(init.header && { 'x-requested-with': 'flowyard' }),
      },
    });

  it('is for who knows the password', async () => {
    assert.equal((await ask('/')).status, 401);
    assert.equal((await ask('/state', { password: `${password}x` })).status, 401);
    assert.equal((await ask('/roll-back', { method: 'POST', header: true })).status, 401);
    assert.equal((await ask('/', { password })).status, 200);
    assert.equal((await ask('/../device.yml', { password })).status, 404);
  });

  it('does nothing for a page of others', async () => {
    assert.equal((await ask('/roll-back', { method: 'POST', password })).status, 403);
    assert.equal(await registered.device.get('/hello'), 'two');
  });

  describe('in a browser', () => {
    let open: OpenPage;
    before(async () => {
      open = await openPage({ credentials: { username: 'operator', password } });
      await open.page.goto(url);
    });
    after(() => open?.close());

    it('shows what runs, checks the network, and goes back to the release before', async () => {
      const { page } = open;
      await page.getByText('State').waitFor();
      await page.getByText('Snapshot snap001 (before)').waitFor();
      await page.getByText('Started flows').first().waitFor();

      await page.getByRole('button', { name: 'Check network and machine' }).click();
      await page.getByText(/control plane: .* answers/).waitFor();
      page.on('dialog', (dialog) => void dialog.accept());
      await page.getByRole('button', { name: 'Go back to the one before' }).click();

      await eventually(async () => (await registered.device.get('/hello')) === 'one', {
        withinMs: MINUTE,
      });
      await page.getByText('rolled it back').waitFor();
      await eventually(() => registered.plane.last?.failedSnapshotId === 'snap002');
      assert.deepEqual(open.complaints, []);
    });

    it('keeps what it went back to until the update is tried again', async () => {
      const { device, plane } = registered;
      await device.end('SIGKILL');
      device.start('--local-page', '0');
      await eventually(() => plane.last?.state === 'running', { withinMs: MINUTE });
      assert.equal(await device.get('/hello'), 'one');

      plane.setTarget({ retries: 1 });

      await eventually(() => registered.runs('snap002'), { withinMs: MINUTE });
      assert.equal(await device.get('/hello'), 'two');
    });

    it('forgets a wish to go back for another target that comes before it could', async () => {
      const { device, plane } = registered;
      plane.setTarget({ desired: 'stopped' });
      await eventually(() => plane.last?.state === 'stopped');
      url = [...device.output.matchAll(/local page is at (\S+)/g)].at(-1)?.[1] ?? '';
      const answer = await ask('/roll-back', { method: 'POST', password, header: true });
      assert.equal(answer.status, 202);

      const flows = answeringFlows('three');
      plane.setTarget({ desired: 'running', snapshot: plane.snapshot('snap003', { flows }) });
      await eventually(() => registered.runs('snap003'), { withinMs: MINUTE });
      await registered.run('snap002', 'two');

      await delay(1500);
      assert.equal(await device.get('/hello'), 'two');
    });
  });
});
