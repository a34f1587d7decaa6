// Writes src/shared/api/schema.d.ts: the types of every request and answer, made from the same schemas that the
// server validates with. Run after `tsc -b`, since it reads the built protocol.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildOpenApi } from '@flowyard/protocol';
import openapiTypescript, { astToString } from 'openapi-typescript';

const TARGET = join(import.meta.dirname, 'src/shared/api/schema.d.ts');

/** Generates the types; a file that would not change is left alone, so that watchers stay quiet. */
export async function generateApi() {
  const text = `// Made by generate-api.mjs.\n${astToString(await openapiTypescript(buildOpenApi('0')))}`;
  const before = await readFile(TARGET, 'utf8').catch(() => null);
  if (before !== text) {
    await writeFile(TARGET, text);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await generateApi();
}
