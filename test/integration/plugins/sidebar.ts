import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '../../support/browser.ts';
import { FakePlatform, TOKEN } from '../nodes/support/fake-platform.ts';
import { EditorServer, editorIsThere, openEditor } from './editor-page.ts';
import { furnish } from './platform-data.ts';

/** A Node-RED with the sidebar, in a browser, with a control plane that is furnished. */
export class Sidebar {
  readonly platform: FakePlatform;
  readonly server: EditorServer;
  readonly browser: Browser;
  readonly page: Page;
  /** What went wrong on the page. */
  readonly problems: string[];

  private constructor(
    platform: FakePlatform,
    server: EditorServer,
    browser: Browser,
    page: Page,
    problems: string[],
  ) {
    this.platform = platform;
    this.server = server;
    this.browser = browser;
    this.page = page;
    this.problems = problems;
  }

  static async open({
    flows = [] as readonly object[],
    settings = {},
    place = { FLOWYARD_INSTANCE_ID: 'inst01' } as Record<string, string>,
  } = {}): Promise<Sidebar> {
    const platform = furnish(await new FakePlatform().start());
    const environment = { FLOWYARD_URL: platform.url, FLOWYARD_TOKEN: TOKEN, ...place };
    const server = await EditorServer.start(environment, settings, flows);
    const browser = await launchBrowser();
    const problems: string[] = [];
    return new Sidebar(platform, server, browser, await openEditor(browser, server.url, problems), problems);
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.server.stop();
    await this.platform.stop();
  }

  /** Opens the editor anew, without what is not deployed. */
  async reload(): Promise<void> {
    await this.page.evaluate('RED.nodes.dirty(false)');
    await this.page.reload({ waitUntil: 'domcontentloaded' });
    await editorIsThere(this.page);
  }

  /** The newest request of a method. */
  last(method: string) {
    return this.platform.requests.findLast((request) => request.method === method);
  }

  /** Answers the question that is asked, and waits until it is gone. */
  async answer(name: string): Promise<void> {
    const dialog = this.page.getByRole('alertdialog');
    await dialog.getByRole('button', { name, exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
  }

  /** Opens the menu of a snapshot or device and takes one of its entries. */
  async choose(snapshot: string, entry: string): Promise<void> {
    await this.page.getByRole('button', { name: `What to do with ${snapshot}`, exact: true }).click();
    const menu = this.page.locator('.flowyard-menu');
    await menu.getByText(entry, { exact: true }).click();
    await menu.waitFor({ state: 'detached' });
  }
}
