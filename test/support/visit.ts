import type { Page } from 'playwright-core';

interface WebPage {
  __vue_app__: { config: { globalProperties: { $router: { push(path: string): Promise<unknown> } } } };
}

/** Goes to a path as a link of the page does, without loading everything anew. */
export async function follow(page: Page, path: string): Promise<void> {
  await page.evaluate(async (to) => {
    const { __vue_app__: app } = document.querySelector('#app') as unknown as WebPage;
    await app.config.globalProperties.$router.push(to);
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  }, path);
}

/** Resolves when a page shows what it is about, and has what it loads. */
export async function shown(page: Page): Promise<void> {
  await page.locator('main h1, main h2').first().waitFor();
  for (const bar of await page.locator('main .v-progress-linear[aria-label^=Loading]').all()) {
    await bar.waitFor({ state: 'hidden' });
  }
}
