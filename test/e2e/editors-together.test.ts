import assert from 'node:assert/strict';
import { openPage, signInOnPage } from '../support/browser.ts';
import { buildApplication, buildInstance, buildMember, instanceIn } from '../support/builders.ts';
import { ADMIN_PASSWORD, type RunningControlPlane, startControlPlane } from '../support/control-plane.ts';

describe('Two people in one editor', function () {
  this.timeout(120_000);
  let cp: RunningControlPlane;

  before(async () => {
    cp = await startControlPlane();
  });
  after(() => cp?.stop());

  it('see each other by name', async () => {
    const { teamId, applicationId } = await buildApplication(cp);
    const instance = await buildInstance(cp, applicationId, { start: true });
    await instanceIn(cp, instance.id, 'running');
    const { username } = await buildMember(cp, teamId, 'member');
    const first = await openPage();
    const second = await openPage();
    try {
      await first.page.goto(instance.url);
      await signInOnPage(first.page);
      await first.page.locator('#red-ui-header').waitFor();
      await second.page.goto(instance.url);
      await signInOnPage(second.page, username, ADMIN_PASSWORD);
      await second.page.locator('#red-ui-header').waitFor();

      const other = first.page.locator(`#red-ui-multiplayer-user-list [data-username="${username}"]`);
      await other.waitFor();
      assert.equal(await other.count(), 1);
    } finally {
      await first.close();
      await second.close();
    }
  });
});
