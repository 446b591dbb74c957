import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source', 'node', 'import', 'module', 'default'] } },
  test: {
    include: [
      'protocols/*/test/**/*.test.ts',
      '{host,agent,gateway}/test/**/*.test.ts',
      'gateway/console/test/**/*.test.ts',
      'test/**/*.test.ts',
    ],
    exclude: ['**/node_modules/**', 'test/stack/**', '.cache/**'],
    testTimeout: 20_000,
    hookTimeout: 30_000,
  },
});
