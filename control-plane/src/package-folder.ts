import { createRequire } from 'node:module';
import { dirname } from 'node:path';

/** Where a package is installed, whether this runs from its sources or bundled. */
export function packageFolder(name: string): string {
  return dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
}
