import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

interface Axe {
  run(
    where: Document | string,
    options: object,
  ): Promise<{ violations: Array<{ id: string; nodes: Array<{ html: string }> }> }>;
}

/** What axe finds on a page as it is shown now, or in a part of it, with where. */
export async function violationsOf(page: Page, part: string | null = null): Promise<string[]> {
  // Parsing it takes longer than many a look: it stays as long as the document.
  if (!(await page.evaluate(() => 'axe' in globalThis))) {
    await page.evaluate(AXE);
  }
  return page.evaluate(
    async ([runOnly, where]) => {
      const { axe } = globalThis as unknown as { axe: Axe };
      // What passes is not described, which halves the time.
      const { violations } = await axe.run(where ?? document, { runOnly, resultTypes: ['violations'] });
      return violations.map(
        ({ id, nodes }) => `${location.pathname}: ${id} at ${nodes[0]?.html.slice(0, 160)}`,
      );
    },
    [RULES, part] as const,
  );
}
