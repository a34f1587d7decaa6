import { access, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

const RAN_FILE = 'scripts-ran';

/** Notes in a tree that install scripts were allowed when it was made. */
export async function noteScripts(tree: string): Promise<void> {
  await writeFile(path.join(tree, RAN_FILE), '');
}

/** Whether no module of a tree still waits for its install script, since it has none or the script has run. */
export async function hasRunScripts(tree: string): Promise<boolean> {
  const ran = await access(path.join(tree, RAN_FILE)).then(
    () => true,
    () => false,
  );
  if (ran) {
    return true;
  }
  const list = await readFile(path.join(tree, 'node_modules', '.package-lock.json'), 'utf8').catch(() => '');
  return !list.includes('"hasInstallScript": true');
}
