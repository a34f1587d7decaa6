import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { FlowsStore, NewerFlows, RuntimeFlows } from '@flowyard/protocol';

const FLOWS_FILE = 'flows.json';
const CREDENTIALS_FILE = 'flows_cred.json';

/** Flows in Node-RED's own two files, as on a device. They have no revision of their own: a reload brings one. */
export function createLocalFlows(flowsFolder: string): FlowsStore {
  let folder = flowsFolder;
  let revision: number | null = null;
  let last: RuntimeFlows = { flows: [], credentials: {} };
  let nextFolder = folder;
  return {
    revision: () => revision,
    read: async () => {
      last = await readFolder(folder);
      return last;
    },
    write: async ({ flows, credentials }) => {
      if (credentials !== undefined) {
        await writeJson(join(folder, CREDENTIALS_FILE), credentials);
      }
      await writeJson(join(folder, FLOWS_FILE), flows);
      last = { flows, credentials: credentials ?? last.credentials };
    },
    readNewer: async (wanted, from): Promise<NewerFlows> => {
      nextFolder = from ?? folder;
      const next = await readFolder(nextFolder);
      const credentialsChanged = JSON.stringify(next.credentials) !== JSON.stringify(last.credentials);
      return { ...next, revision: wanted, credentialsChanged };
    },
    accept: async (newer) => {
      folder = nextFolder;
      revision = newer.revision;
      last = newer;
    },
    close: async () => {},
  };
}

async function readFolder(folder: string): Promise<RuntimeFlows> {
  const flows = await readJson(join(folder, FLOWS_FILE));
  const credentials = await readJson(join(folder, CREDENTIALS_FILE));
  return {
    flows: Array.isArray(flows) ? flows : [],
    credentials: typeof credentials === 'object' && credentials !== null ? { ...credentials } : {},
  };
}

/** Undefined when there is no such file; a file that cannot be read or parsed is an error. */
async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return undefined;
    }
    throw error;
  }
}

/**
 * Writes so that a reader finds the old content or the new one, and a power cut as well when it is to be on disk
 * `at-once`; `by-and-by` is for what may be lost.
 */
export async function writeJson(
  path: string,
  value: unknown,
  onDisk: 'at-once' | 'by-and-by' = 'at-once',
): Promise<void> {
  const temporary = `${path}.tmp`;
  const file = await open(temporary, 'w', 0o600);
  try {
    await file.writeFile(JSON.stringify(value, null, 1));
    if (onDisk === 'at-once') {
      await file.sync();
    }
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}
