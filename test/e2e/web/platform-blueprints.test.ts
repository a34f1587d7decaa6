import assert from 'node:assert/strict';
import { type OpenPage, openPage, signInOnPage } from '../../support/browser.ts';
import { answeringFlow, buildApplication, buildInstance } from '../../support/builders.ts';
import { type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';

describe('Blueprints of the platform on the page', function () {
  this.timeout(120_000);
  let cp: RunningControlPlane;
  let open: OpenPage;

  before(async () => {
    cp = await startControlPlane();
    open = await openPage();
  });
  after(async () => {
    await open?.close();
    await cp?.stop();
  });

  it('are made from a snapshot of any team, changed, given a version, withdrawn and deleted', async () => {
    const { teamId, applicationId } = await buildApplication(cp);
    const team = await cp.admin.call('getTeam', { params: { id: teamId } });
    const instance = await buildInstance(cp, applicationId, { flows: answeringFlow('first') });
    const take = (name: string) =>
      cp.admin.call('createInstanceSnapshot', { params: { id: instance.id }, body: { name } });
    await take('works well');
    await take('works better');
    const { page } = open;
    const dialog = page.getByRole('dialog');
    const pick = async (snapshot: string) => {
      await page.locator('[data-test=add-blueprint]').click();
      for (const [field, option] of [
        ['pick-team', team.name],
        ['pick-instance', instance.name],
        ['pick-snapshot', snapshot],
      ] as const) {
        await dialog.locator(`[data-test=${field}] input`).fill(option);
        await page.getByRole('option', { name: option }).first().click();
      }
      await dialog.locator('[data-test=submit]').click();
      await dialog.locator('[data-test=blueprint-name]').waitFor();
    };
    const act = async (action: string) => {
      await page.getByRole('button', { name: /^Actions on the blueprint Press/ }).click();
      await page.getByRole('menuitem', { name: action }).click();
    };
    const made = async () => {
      const { items } = await cp.admin.call('listBlueprints', { query: { search: 'Press' } });
      return items[0];
    };
    await page.goto(`${cp.url}/admin/blueprints`);
    await signInOnPage(page);
    await page.getByRole('row', { name: /Andon board/ }).waitFor();
    await page.locator('[data-test=own-hint]').waitFor();

    await pick('works well');
    await dialog.locator('[data-test=blueprint-name] input').fill('Press line');
    await dialog.locator('[data-test=submit]').click();
    await page.getByRole('row', { name: /Press line/ }).waitFor();
    const first = await made();

    await act('Change');
    await dialog.locator('[data-test=blueprint-name] input').fill('Press shop');
    await dialog.locator('[data-test=submit]').click();
    await page.getByRole('row', { name: /Press shop/ }).waitFor();

    await pick('works better');
    await dialog.locator('[data-test=becomes]').click();
    await page.getByRole('option', { name: 'The next version of Press shop' }).click();
    await dialog.locator('[data-test=submit]').click();
    await page
      .getByRole('row', { name: /Press shop/ })
      .getByRole('cell', { name: '2', exact: true })
      .waitFor();

    await act('Offer it no more');
    await page
      .getByRole('row', { name: /Press shop/ })
      .getByRole('cell', { name: 'no', exact: true })
      .waitFor();
    const withdrawn = await made();
    await act('Delete');
    await dialog.locator('[data-test=submit]').click();
    await page.getByRole('row', { name: /Press shop/ }).waitFor({ state: 'detached' });

    assert.deepEqual([first?.scope, first?.version], ['platform', 1]);
    assert.deepEqual([withdrawn?.version, withdrawn?.active], [2, false]);
    assert.equal(await made(), undefined);
    assert.deepEqual(open.complaints, []);
  });

  it('that come with Flowyard are switched off and on, and nothing else', async () => {
    const { page } = open;
    const menu = () => page.getByRole('button', { name: 'Actions on the blueprint Andon board' }).click();
    await menu();
    await page.getByRole('menuitem', { name: 'Offer it no more' }).waitFor();
    assert.equal(await page.getByRole('menuitem').count(), 1);
    await page.getByRole('menuitem', { name: 'Offer it no more' }).click();
    await page
      .getByRole('row', { name: /Andon board/ })
      .getByRole('cell', { name: 'no', exact: true })
      .waitFor();
    await menu();
    await page.getByRole('menuitem', { name: 'Offer it again' }).click();
    await page
      .getByRole('row', { name: /Andon board/ })
      .getByRole('cell', { name: 'yes', exact: true })
      .waitFor();
    assert.deepEqual(open.complaints, []);
  });
});
