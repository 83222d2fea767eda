import { readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

import { svelte } from '@sveltejs/vite-plugin-svelte';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

/** pdf.js's decoders of scanned pages as plain scripts (the window's policy allows no WebAssembly), with their licences. */
const DECODERS = [
  'wasm/jbig2_nowasm_fallback.js',
  'wasm/openjpeg_nowasm_fallback.js',
  'wasm/LICENSE_JBIG2',
  'wasm/LICENSE_OPENJPEG',
  'wasm/LICENSE_PDFJS_JBIG2',
  'wasm/LICENSE_PDFJS_OPENJPEG',
  'LICENSE',
];

/** pdf.js asks for them by name, beside the page: `pdf/<name>` (see src/state/pdf.ts). */
function pdfDecoders(): Plugin {
  const read = (name: string): Buffer =>
    readFileSync(fileURLToPath(new URL(`node_modules/pdfjs-dist/${name}`, import.meta.url)));
  return {
    name: 'pdf-decoders',
    generateBundle() {
      for (const name of DECODERS)
        this.emitFile({ type: 'asset', fileName: `pdf/${basename(name)}`, source: read(name) });
    },
    configureServer(server) {
      server.middlewares.use('/pdf', (request, response, next) => {
        const name = DECODERS.find((one) => request.url === `/${basename(one)}`);
        if (name === undefined) next();
        else response.setHeader('Content-Type', 'text/javascript').end(read(name));
      });
    },
  };
}

/** Writes down which packages the page is made of, for the bill of materials (`cargo xtask sbom`). */
function bundledPackages(): Plugin {
  return {
    name: 'bundled-packages',
    apply: 'build',
    generateBundle() {
      const packages = new Set(['pdfjs-dist']);
      for (const id of this.getModuleIds()) {
        const name = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(id)?.[1];
        if (name !== undefined) packages.add(name);
      }
      const file = fileURLToPath(new URL('node_modules/.bundled-packages.json', import.meta.url));
      writeFileSync(file, JSON.stringify([...packages].sort()));
    },
  };
}

// `npm run build` is what the application ships. `vite build --mode demo` (and `npm run dev` outside the application's
// window) use the in-memory backend instead, so that the window can be looked at in a browser.
export default defineConfig(({ mode }) => ({
  plugins: [svelte(), pdfDecoders(), bundledPackages()],
  clearScreen: false,
  // The in-memory backend explains codes with the texts that Rust has.
  server: { port: 5173, strictPort: true, fs: { allow: ['.', '../assets/messages'] } },
  resolve: mode === 'test' ? { conditions: ['browser'] } : {},
  build: {
    target: ['chrome109', 'safari16'],
    outDir: mode === 'demo' ? 'dist-demo' : 'dist',
    assetsInlineLimit: 0,
  },
  test: {
    environment: 'jsdom',
    setupFiles: ['src/test/setup.ts'],
    include: ['src/**/*.test.ts'],
    restoreMocks: true,
    // A shared machine may be slow; what is tested is what happens, not how fast.
    testTimeout: 60_000,
  },
}));
