import assert from 'node:assert/strict';
import { readConfig } from '../../../control-plane/src/config.ts';
import { type OpenPage, openPage } from '../../support/browser.ts';
import { type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';
import { startProvider } from '../../support/oidc-provider.ts';

describe('Single sign-on on the page', function () {
  this.timeout(120_000);
  let cp: RunningControlPlane;
  let provider: Awaited<ReturnType<typeof startProvider>>;
  let open: OpenPage;

  before(async () => {
    provider = await startProvider(() => `${cp.url}/api/v1/single-sign-on/callback`);
    const { singleSignOn } = readConfig([], {
      FLOWYARD_OIDC_ISSUER: provider.issuer,
      FLOWYARD_OIDC_CLIENT_ID: 'flowyard',
      FLOWYARD_OIDC_CLIENT_SECRET: 'a secret of the test that is long enough',
      FLOWYARD_OIDC_NAME: 'Plant login',
    });
    cp = await startControlPlane({ config: { singleSignOn } });
    open = await openPage();
  });
  after(async () => {
    await open?.close();
    await cp?.stop();
    await provider?.stop();
  });

  it('leads to the provider and back to the page that was asked for', async () => {
    const { page } = open;
    provider.letIn('s-ada', { preferred_username: 'ada', name: 'Ada' });
    await page.goto(`${cp.url}/account`);

    await page.getByRole('link', { name: 'Plant login' }).click();

    await page.waitForURL(`${cp.url}/account`);
    const who = await (await page.context().request.get(`${cp.url}/api/v1/user`)).json();
    assert.deepEqual([who.username, who.name], ['ada', 'Ada']);
    assert.deepEqual(open.complaints, []);
  });

  it('says so on the sign-in page when somebody turns back at the provider', async () => {
    const other = await openPage({ width: 360, theme: 'dark' });
    try {
      provider.letIn('cancels', {});
      await other.page.goto(`${cp.url}/sign-in`);
      await other.page.getByRole('link', { name: 'Plant login' }).click();

      await other.page.waitForURL(/sign-in\?problem=refused/);
      await other.page.getByRole('alert').waitFor();
    } finally {
      await other.close();
    }
  });
});
