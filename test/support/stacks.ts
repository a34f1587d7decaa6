import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDatabase } from '../../control-plane/src/db/connection.ts';
import { newId } from '../../control-plane/src/ids.ts';

const ROOT = join(import.meta.dirname, '../..');
let count = 0;

interface BuiltStack {
  id: string;
  name: string;
  folder: string;
}

interface Platform {
  dataDir: string;
  database?: { url: string } | { file: string };
}

/** Code that Node-RED of a stack runs when it is loaded. */
export const CRASHES = 'process.stderr.write("this stack does not start\\n"); process.exit(3);';

/** What does not come up for a minute. */
export const STARTS_LATE = 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000);';

/**
 * A stack that is in the list and installed, without asking npm: it runs the Node-RED of this repository, or `code` in
 * its place.
 */
export async function buildStack(
  cp: Platform,
  { code, ...columns }: { code?: string; replaced_by?: string } = {},
): Promise<BuiltStack> {
  count++;
  const id = newId();
  const nodeRed = `4.0.${1000 + count}`;
  const name = `Stack ${nodeRed}`;
  const folder = join(cp.dataDir, 'stacks', id);
  mkdirSync(folder, { recursive: true });
  if (code === undefined) {
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  } else {
    for (const module of ['node-red', 'express']) {
      const place = join(folder, 'node_modules', module);
      mkdirSync(place, { recursive: true });
      writeFileSync(join(place, 'package.json'), JSON.stringify({ name: module, version: nodeRed }));
      writeFileSync(join(place, 'index.js'), code);
    }
  }
  writeFileSync(join(folder, 'stack.json'), JSON.stringify({ id, nodeRed, nodeJs: null }));
  const rows = openDatabase(cp.database ?? { file: join(cp.dataDir, 'flowyard.sqlite') });
  await rows('stacks').insert({
    id,
    name,
    node_red: nodeRed,
    state: 'ready',
    is_default: false,
    is_active: true,
    is_bundled: false,
    ...columns,
  });
  await rows.destroy();
  return { id, name, folder };
}
