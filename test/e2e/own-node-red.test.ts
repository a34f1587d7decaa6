import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Locator, Page } from 'playwright-core';
import { EditorServer, editorIsThere, openEditor, showTab } from '../integration/plugins/editor-page.ts';
import { launchBrowser, openPage, signInOnPage } from '../support/browser.ts';
import { buildApplication, buildInstance, buildMember, uniqueName } from '../support/builders.ts';
import { ADMIN_PASSWORD, type RunningControlPlane, startControlPlane } from '../support/control-plane.ts';
import { eventually } from '../support/eventually.ts';

const FLOWS = [
  { id: 'f1', type: 'tab', label: 'Filling' },
  {
    id: 'n1',
    type: 'http request',
    z: 'f1',
    name: 'ask the scale',
    method: 'GET',
    url: '',
    authType: 'basic',
    wires: [[]],
    x: 200,
    y: 80,
  },
];

describe("The sidebar in somebody's own Node-RED", function () {
  this.timeout(180_000);
  let cp: RunningControlPlane;
  let instanceId: string;
  let instanceName: string;
  let person: Awaited<ReturnType<typeof buildMember>>;
  let server: EditorServer;
  const browsers: Browser[] = [];
  const problems: string[] = [];
  let editor: Page;

  before(async () => {
    cp = await startControlPlane();
    const { teamId, applicationId } = await buildApplication(cp);
    person = await buildMember(cp, teamId, 'member');
    const instance = await buildInstance(cp, applicationId, { name: uniqueName('press') });
    instanceId = instance.id;
    instanceName = instance.name;
    await buildInstance(cp, applicationId, { name: uniqueName('oven') });
    server = await EditorServer.start({}, { flowyard: { url: cp.url } });
    await deployOwn();
    editor = await newEditor();
  });
  after(async () => {
    for (const browser of browsers) {
      await browser.close();
    }
    await server?.stop();
    await cp?.stop();
  });
  afterEach(() => assert.deepEqual(problems, []));

  /** What somebody has built there, with a password. */
  async function deployOwn(): Promise<void> {
    const answer = await fetch(`${server.url}flows`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'node-red-api-version': 'v2' },
      body: JSON.stringify({
        flows: FLOWS.map((node) =>
          node.id === 'n1'
            ? { ...node, credentials: { user: 'scale', password: 'secret of the scale' } }
            : node,
        ),
      }),
    });
    assert.equal(answer.status, 200, await answer.text());
  }

  /** The packaged Chromium is one process, so each page has a browser of its own. */
  async function newEditor(): Promise<Page> {
    const browser = await launchBrowser();
    browsers.push(browser);
    return openEditor(browser, server.url, problems);
  }

  async function agreeOnPage(
    address: string,
    prepare: (page: Page) => Promise<void> = async () => {},
  ): Promise<void> {
    const { page, close } = await openPage();
    try {
      await page.goto(address);
      await signInOnPage(page, person.username, ADMIN_PASSWORD);
      await page.getByText('Agree only if you began this yourself').waitFor();
      await prepare(page);
      await page.locator('[data-test=accept]').click();
      await page.getByText('You are signed in there').waitFor();
    } finally {
      await close();
    }
  }

  async function signIn(pane: Locator, prepare?: (page: Page) => Promise<void>): Promise<void> {
    await pane.getByRole('button', { name: 'Sign in' }).click();
    const link = pane.getByRole('link', { name: 'Open the page' });
    await link.waitFor();
    await agreeOnPage((await link.getAttribute('href')) ?? '', prepare);
  }

  it('signs in with a code, to the address that the settings name', async () => {
    const pane = await showTab(editor, 'snapshots');
    assert.equal(await pane.getByLabel('Address of Flowyard').inputValue(), cp.url);

    await signIn(pane);

    await pane.getByText('What does this Node-RED belong to?').waitFor();
    await pane.getByLabel('Filter by name or application').fill(instanceName);
    await pane.getByRole('button', { name: `Work with ${instanceName}` }).click();
    await pane.getByText('No snapshots yet').waitFor();
    assert.match((await pane.textContent()) ?? '', new RegExp(`${instanceName}[\\s\\S]*Signed in as`));
  });

  it('says what is wrong with an address', async () => {
    const other = await newEditor();
    const pane = await showTab(other, 'devices');
    const address = pane.getByLabel('Address of Flowyard');

    await address.fill('ftp://nowhere');
    await pane.getByRole('button', { name: 'Sign in' }).click();
    await pane.getByText('That is not an address').waitFor();
    await address.fill('http://127.0.0.1:9');
    await pane.getByRole('button', { name: 'Sign in' }).click();
    await pane.getByText('does not answer').waitFor();
    await address.fill(server.url);
    await pane.getByRole('button', { name: 'Sign in' }).click();
    await pane.getByText('Something else than Flowyard answered').waitFor();
  });

  it('takes a snapshot of what is deployed here, with its credentials', async () => {
    const pane = await showTab(editor, 'snapshots');
    await pane.getByRole('button', { name: 'Take a snapshot' }).click();
    await editor.getByLabel('Name', { exact: true }).fill('From the laptop');
    await editor.keyboard.press('Enter');
    await pane.getByRole('listitem').filter({ hasText: 'From the laptop' }).waitFor();

    const { items } = await cp.admin.call('listInstanceSnapshots', { params: { id: instanceId } });
    assert.equal(items.length, 1);
    const [snapshot] = items;
    assert.equal(snapshot?.author, person.username);
    const file = await cp.admin.call('exportSnapshot', {
      params: { id: snapshot?.id ?? '' },
      body: { credentialSecret: 'a secret for this' },
    });
    assert.deepEqual(
      file.flows?.map(({ id, type }) => [id, type]),
      FLOWS.map(({ id, type }) => [id, type]),
    );
    assert.doesNotMatch(JSON.stringify(file), /secret of the scale/);
    assert.ok(file.credentials?.$, 'credentials are in it, sealed');
  });

  it('goes back to it at once, straight to this Node-RED, which keeps its credentials', async () => {
    await editor.evaluate(`
      RED.nodes.node('n1').name = 'ask another scale';
      RED.nodes.node('n1').changed = true;
      RED.nodes.dirty(true);
      RED.actions.invoke('core:deploy-flows');
    `);
    const name = async () => {
      const flows = (await (await fetch(`${server.url}flows`)).json()) as typeof FLOWS;
      return flows.find(({ id }) => id === 'n1')?.name;
    };
    await eventually(async () => (await name()) === 'ask another scale');

    await editor.getByRole('button', { name: 'What to do with From the laptop' }).click();
    const menu = editor.locator('.flowyard-menu');
    // What runs in Flowyard is another thing than this Node-RED, and says so.
    await menu.getByText('Roll back the hosted instance …', { exact: true }).waitFor();
    await menu.getByText('Restore and deploy …', { exact: true }).click();
    const question = editor.getByRole('alertdialog');
    await question.getByText('1 changed').waitFor();
    await question.getByText('settings, variables and modules of the snapshot are not put back').waitFor();
    await question.getByRole('button', { name: 'Restore and deploy' }).click();

    await editor.getByText('Restored and deployed: From the laptop').waitFor();
    assert.equal(await name(), 'ask the scale');
    const kept = await (await fetch(`${server.url}credentials/http-request/n1`)).json();
    assert.deepEqual(kept, { user: 'scale', has_password: true });
  });

  it('hears live what others do', async () => {
    const pane = await showTab(editor, 'snapshots');

    await cp.admin.call('createInstanceSnapshot', {
      params: { id: instanceId },
      body: { name: 'By the administrator' },
    });

    await pane.getByText('By the administrator').waitFor();
  });

  it('stays signed in when Node-RED is started again', async () => {
    await server.restart();
    await editor.reload();
    await editorIsThere(editor);

    const pane = await showTab(editor, 'snapshots');

    await pane.getByText('From the laptop').waitFor();
  });

  it('asks each person of a Node-RED to sign in for themselves, and lets who may only look only look', async () => {
    const other = await newEditor();
    const pane = await showTab(other, 'snapshots');
    await signIn(pane, async (page) => {
      await page.getByLabel('Only to look at things').check();
    });
    await pane.getByRole('button', { name: `Work with ${instanceName}` }).click();
    await pane.getByText('From the laptop').waitFor();

    await pane.getByRole('button', { name: 'Take a snapshot' }).click();
    await other.getByLabel('Name', { exact: true }).fill('Not allowed');
    await other.keyboard.press('Enter');

    await other
      .getByText(/read-only|only read/i)
      .first()
      .waitFor();
    const { total } = await cp.admin.call('listInstanceSnapshots', { params: { id: instanceId } });
    assert.equal(total, 2);
  });

  it('says that a sign-in was ended on the page, and offers the next', async () => {
    const { items } = await person.client.call('listAccessTokens', {});
    for (const { id } of items) {
      await person.client.call('deleteAccessToken', { params: { id } });
    }
    await editor.reload();
    await editorIsThere(editor);

    const pane = await showTab(editor, 'snapshots');

    await pane.getByText('Your sign-in to Flowyard has ended').waitFor();
    await signIn(pane);
    await pane.getByRole('button', { name: `Work with ${instanceName}` }).click();
    await pane.getByText('From the laptop').waitFor();
  });

  it('rolls the hosted instance back, and leaves this Node-RED alone', async () => {
    const before = await (await fetch(`${server.url}flows`)).text();
    await editor.getByRole('button', { name: 'What to do with From the laptop' }).click();
    await editor
      .locator('.flowyard-menu')
      .getByText('Roll back the hosted instance …', { exact: true })
      .click();
    const question = editor.getByRole('alertdialog');
    await question.getByText(`run on ${instanceName} in Flowyard, not those of this Node-RED`).waitFor();
    await question.getByRole('button', { name: 'Roll back' }).click();

    await editor.getByText(`${instanceName} is rolled back to From the laptop.`).waitFor();
    const { flows } = await cp.admin.call('getFlows', { params: { id: instanceId } });
    assert.deepEqual(
      flows.map(({ id }) => id),
      FLOWS.map(({ id }) => id),
    );
    assert.equal(await (await fetch(`${server.url}flows`)).text(), before);
  });

  it('forgets everything when the person signs out', async () => {
    const pane = await showTab(editor, 'snapshots');
    await pane.getByRole('button', { name: 'Sign out' }).click();
    await pane.getByRole('button', { name: 'Sign in' }).waitFor();
    assert.equal(await pane.getByText('From the laptop').count(), 0);

    await eventually(async () => {
      const { items } = await person.client.call('listAccessTokens', {});
      return items.filter(({ readOnly }) => !readOnly).length === 0;
    });
    const devices = await showTab(editor, 'devices');
    await devices.getByRole('button', { name: 'Sign in' }).waitFor();
  });

  it('keeps nothing readable on disk', async () => {
    const { readFileSync, statSync } = await import('node:fs');
    const file = join(server.folder, '.flowyard', 'sign-ins.json');
    assert.doesNotMatch(readFileSync(file, 'utf8'), /fya_|http/);
    assert.equal(statSync(file).mode & 0o077, 0);
    // Half of a file is no reason to keep anybody out.
    writeFileSync(file, readFileSync(file, 'utf8').slice(0, 20));
    const other = await newEditor();
    const pane = await showTab(other, 'snapshots');
    await pane.getByRole('button', { name: 'Sign in' }).waitFor();
  });
});
