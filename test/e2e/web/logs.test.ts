import assert from 'node:assert/strict';
import { type OpenPage, openPage, signInOnPage } from '../../support/browser.ts';
import { answers, buildApplication, buildInstance } from '../../support/builders.ts';
import { type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';
import { buildHttpFlow } from '../../support/node-red-flows.ts';

describe('Logs on the page', function () {
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

  it('of several instances are one, named, live and searched', async () => {
    const { teamId, applicationId } = await buildApplication(cp);
    const line = async (name: string) => {
      const flows = buildHttpFlow({
        path: '/log',
        code: `node.warn('<i>${name}</i> speaks'); msg.payload = 'ok'; return msg;`,
      });
      return buildInstance(cp, applicationId, { name, start: true, flows });
    };
    const first = await line('press-one');
    const second = await line('press-two');
    await answers(first, 'ok', '/log');
    const { page } = open;
    await page.goto(`${cp.url}/teams/${teamId}/logs`);
    await signInOnPage(page);
    const log = page.getByRole('log');
    await log.getByText('<i>press-one</i> speaks').first().waitFor();

    await answers(second, 'ok', '/log');
    await log.getByText('<i>press-two</i> speaks').first().waitFor();
    await page.getByRole('textbox', { name: 'Search the log' }).fill('PRESS-TWO');

    await log.getByText('<i>press-one</i> speaks').first().waitFor({ state: 'detached' });
    await log.getByText('<i>press-two</i> speaks').first().waitFor();
    assert.deepEqual(open.complaints, []);
  });
});
