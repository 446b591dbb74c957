import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  build: {
    target: 'es2022',
    // The gateway's content policy allows files only: nothing may be inlined as data.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // MapLibre is one module of 1.1 MB; it is loaded apart from the page.
    chunkSizeWarningLimit: 1300,
  },
  server: { proxy: { '/api': 'http://127.0.0.1:8090' } },
});
