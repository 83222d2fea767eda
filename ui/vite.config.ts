import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

// `npm run build` is what the application ships. `vite build --mode demo` (and `npm run dev` outside the application's
// window) use the in-memory backend instead, so that the window can be looked at in a browser.
export default defineConfig(({ mode }) => ({
  plugins: [svelte()],
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
