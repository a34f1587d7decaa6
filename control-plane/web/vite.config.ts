import { join } from 'node:path';
import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vite';
import vuetify from 'vite-plugin-vuetify';
import { helpTexts } from './build/help-texts.ts';
import { vocabulary } from './build/vocabulary.ts';

export default defineConfig({
  root: import.meta.dirname,
  plugins: [vue(), vuetify({ autoImport: true }), helpTexts(), vocabulary()],
  build: {
    outDir: join(import.meta.dirname, '../dist/web'),
    emptyOutDir: true,
    target: 'es2022',
    // The page is served with a policy that allows no `data:` scripts; fonts and pictures stay files as well.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: {
      '/api': { target: 'http://localhost:3000' },
      '/live': { target: 'ws://localhost:3000', ws: true },
      '/docs': { target: 'http://localhost:3000' },
    },
  },
});
