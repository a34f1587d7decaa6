import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { launchBrowser } from '../../test/support/browser.ts';
import type { BenchOptions } from '../options.ts';
import { measuredRow, type Row, summarise } from '../rows.ts';
import { startBareNodeRed } from '../support/bare-node-red.ts';

const ROOT = join(import.meta.dirname, '../..');

/** As npm would install them. */
function installPackages(folder: string): void {
  const scope = join(folder, 'node_modules/@flowyard');
  mkdirSync(scope, { recursive: true });
  for (const name of ['plugins', 'nodes']) {
    symlinkSync(join(ROOT, name), join(scope, name));
  }
  const dependencies = { '@flowyard/plugins': '0.1.0', '@flowyard/nodes': '0.1.0' };
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'bench', dependencies }));
}

/** Milliseconds until the palette can be used, in a browser that has never seen the editor. */
async function loadOnce(url: string): Promise<number> {
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage();
    const begin = performance.now();
    await page.goto(url);
    await page.waitForFunction(() => {
      const cover = document.querySelector('#red-ui-loading-progress');
      const isCovered = cover !== null && getComputedStyle(cover).display !== 'none';
      return !isCovered && document.querySelector('.red-ui-palette-node') !== null;
    });
    return performance.now() - begin;
  } finally {
    await browser.close();
  }
}

/** E1: from opening the editor to seeing the palette, with and without our packages, in turns. */
export async function benchEditorLoad({ quick, say }: BenchOptions): Promise<Row[]> {
  const rounds = quick ? 4 : 20;
  const bare = await startBareNodeRed();
  const ours = await startBareNodeRed({ prepare: installPackages });
  const times = { bare: [] as number[], ours: [] as number[] };
  try {
    for (let round = 0; round <= rounds; round += 1) {
      say(`editor, round ${round} of ${rounds}`);
      for (const [name, { url }] of [['bare', bare] as const, ['ours', ours] as const]) {
        const ms = await loadOnce(url);
        // The first round is for warming up.
        if (round > 0) {
          times[name].push(ms);
        }
      }
    }
  } finally {
    await bare.stop();
    await ours.stop();
  }
  const head = { row: 'E1', what: 'the editor, opened for the first time', unit: 'ms' };
  return [
    measuredRow({ ...head, variant: 'bare Node-RED' }, times.bare),
    measuredRow({ ...head, variant: 'with our packages' }, times.ours, {
      against: summarise(times.bare).median,
      text: '≤ 1.05 × bare',
      ratio: 1.05,
    }),
  ];
}
