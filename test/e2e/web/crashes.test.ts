import assert from 'node:assert/strict';
import { type OpenPage, openPage, signInOnPage } from '../../support/browser.ts';
import {
  answeringFlow,
  answers,
  buildApplication,
  buildInstance,
  instanceIn,
} from '../../support/builders.ts';
import { type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';

describe('A crash-looping flow on the page', function () {
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

  it('ends in safe mode with the reason, and limp mode brings the rest back', async () => {
    const { applicationId } = await buildApplication(cp);
    const instance = await buildInstance(cp, applicationId, {
      flows: [
        ...answeringFlow('works'),
        { id: 'tab2', type: 'tab', label: 'Valve <b>3</b>' },
        { id: 'i2', type: 'inject', z: 'tab2', once: true, onceDelay: 0.1, wires: [['f2']], x: 1, y: 1 },
        {
          id: 'f2',
          type: 'function',
          z: 'tab2',
          name: 'open the valve',
          func: 'Promise.reject(new Error("valve stuck"));',
          wires: [],
          x: 2,
          y: 2,
        },
      ],
    });
    await cp.admin.call('putInstanceSettings', {
      params: { id: instance.id },
      body: { values: { 'safety.crashes': 2 } },
    });
    await cp.admin.call('controlInstance', { params: { id: instance.id }, body: { action: 'start' } });
    await instanceIn(cp, instance.id, 'safe');
    const { page } = open;
    await page.goto(`${cp.url}/instances/${instance.id}`);
    await signInOnPage(page);

    await page.locator('[data-test=crash]').first().getByRole('link', { name: 'open the valve' }).waitFor();
    await page.getByText('valve stuck').first().waitFor();
    await page.locator('[data-test=start-limp]').getByText('Start without “Valve <b>3</b>”').click();

    await page.getByText('is left out, since Node-RED crashed there').waitFor();
    await answers(instance, 'works');
    assert.deepEqual(open.complaints, []);
  });
});
