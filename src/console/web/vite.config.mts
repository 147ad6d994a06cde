import { resolve } from 'node:path';
import { defineConfig } from 'vite';

/** Builds the console into dist/console/web, which the API serves; its files are asked for below /console/. */
export default defineConfig({
  root: import.meta.dirname,
  base: '/console/',
  build: {
    outDir: resolve(import.meta.dirname, '../../../dist/console/web'),
    emptyOutDir: true,
    target: 'es2022',
    // Data URLs of fonts and scripts would be refused by the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
