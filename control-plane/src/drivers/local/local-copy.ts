import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LocalFlows } from '../driver.ts';

/** What the storage plugin wrote beside Node-RED (`plugins/src/storage/local-copy.ts`); null when it cannot be read. */
export async function readLocalCopy(folder: string): Promise<LocalFlows | null> {
  try {
    const { flows, credentials = {} } = JSON.parse(
      await readFile(join(folder, '.flowyard', 'flows.json'), 'utf8'),
    );
    return Array.isArray(flows) ? { flows, credentials } : null;
  } catch {
    return null;
  }
}
