import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { type OpenPage, openPage, signInOnPage } from '../../support/browser.ts';
import { answers, buildApplication, buildInstance } from '../../support/builders.ts';
import { type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';
import { buildHttpFlow } from '../../support/node-red-flows.ts';

describe('What changes while the page is still connecting', function () {
  this.timeout(120_000);
  let cp: RunningControlPlane;
  let open: OpenPage;
  /** Lets the page's live connection through to the server. */
  let connect: () => void;

  beforeEach(async () => {
    cp = await startControlPlane();
    open = await openPage();
    const mayConnect = new Promise<void>((resolve) => {
      connect = resolve;
    });
    await open.page.routeWebSocket(/\/live$/, (socket) => {
      const server = socket.connectToServer();
      socket.onMessage((message) => void mayConnect.then(() => server.send(message)));
    });
  });
  afterEach(async () => {
    await open?.close();
    await cp?.stop();
  });

  it('is in the list once it is connected', async () => {
    const { teamId } = await buildApplication(cp);
    const create = (name: string) =>
      cp.admin.call('createApplication', { params: { id: teamId }, body: { name } });
    await create('Early bird');
    const { page } = open;
    await page.goto(`${cp.url}/teams/${teamId}/applications`);
    await signInOnPage(page);
    await page.getByText('Early bird').first().waitFor();
    await create('Late riser');
    // Nobody is told of it any more.
    await sleep(200);
    connect();

    await page.getByText('Late riser').first().waitFor();
    assert.equal(await page.getByText('Early bird').count(), 1);
    assert.deepEqual(open.complaints, []);
  });

  it('is in the log once it is connected, and each line once', async () => {
    const { applicationId } = await buildApplication(cp);
    const flows = buildHttpFlow({
      path: '/log',
      code: `node.warn(msg.req.query.say + ' was said'); msg.payload = 'ok'; return msg;`,
    });
    const press = await buildInstance(cp, applicationId, { name: 'press', start: true, flows });
    await answers(press, 'ok', '/log?say=first');
    const { page } = open;
    await page.goto(`${cp.url}/instances/${press.id}/log`);
    await signInOnPage(page);
    const log = page.getByRole('log');
    await log.getByText('first was said').first().waitFor();
    await answers(press, 'ok', '/log?say=second');
    connect();

    await log.getByText('second was said').waitFor();
    assert.equal(await log.getByText('first was said').count(), 1);
    assert.deepEqual(open.complaints, []);
  });
});
