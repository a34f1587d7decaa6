import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

type Meta = Record<string, unknown>;
type Entry = string | Array<string | Meta>;

const HEADER = /^\/\/ (\w+): (.*)$/;

/**
 * The library of the editor's import and export dialogs: files below the given folder, each with its metadata in
 * comment lines at its head. The format is that of Node-RED's own local storage
 * (@node-red/runtime lib/storage/localfilesystem/library.js), so that a library can be copied in or out.
 */
export function createLibrary(folder: string): {
  getLibraryEntry(type: string, path: string): Promise<Entry>;
  saveLibraryEntry(type: string, path: string, meta: Meta, body: string): Promise<void>;
} {
  return {
    getLibraryEntry: (type, path) => readEntry(join(folder, type), path, type === 'flows'),
    saveLibraryEntry: async (type, path, meta, body) => {
      const file = join(folder, type, type === 'flows' && !path.endsWith('.json') ? `${path}.json` : path);
      const header = Object.entries(meta).map(([name, value]) => `// ${name}: ${oneLine(value)}\n`);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, header.join('') + body);
    },
  };
}

function oneLine(value: unknown): string {
  return String(value).replace(/\s*[\r\n]+\s*/g, ' ');
}

async function readEntry(root: string, path: string, isFlows: boolean): Promise<Entry> {
  const full = join(root, path);
  try {
    return (await stat(full)).isFile()
      ? splitHeader(await readFile(full, 'utf8')).body
      : await listFolder(full);
  } catch (error) {
    if (path === '' || path.endsWith('/')) {
      return [];
    }
    if (isFlows && !path.endsWith('.json')) {
      return readEntry(root, `${path}.json`, true);
    }
    throw new Error(`There is no library entry ${path}`, { cause: error });
  }
}

async function listFolder(folder: string): Promise<Array<string | Meta>> {
  const names = (await readdir(folder, { withFileTypes: true })).filter(
    (entry) => !entry.name.startsWith('.'),
  );
  const folders = names.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  const files = names.filter((entry) => entry.isFile()).map((entry) => entry.name);
  const described = await Promise.all(
    files
      .sort()
      .map(async (name) => ({ ...splitHeader(await readFile(join(folder, name), 'utf8')).meta, fn: name })),
  );
  return [...folders.sort(), ...described];
}

function splitHeader(text: string): { meta: Meta; body: string } {
  const lines = text.split('\n');
  const meta: Meta = {};
  let count = 0;
  for (const line of lines) {
    const match = HEADER.exec(line);
    if (!match?.[1]) {
      break;
    }
    meta[match[1]] = match[2];
    count += 1;
  }
  return { meta, body: lines.slice(count).join('\n') };
}
