// Builds the web page into control-plane/dist/web.
import { join } from 'node:path';
import { build } from 'vite';
import { generateApi } from './generate-api.mjs';

await generateApi();
await build({ configFile: join(import.meta.dirname, 'vite.config.ts'), logLevel: 'warn' });
