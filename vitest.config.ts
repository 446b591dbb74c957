import { defineConfig } from 'vitest/config';
import { SOURCE_FLAGS } from './test/sim/source-flags.ts';

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
    execArgv: [...SOURCE_FLAGS],
    testTimeout: 20_000,
    hookTimeout: 30_000,
  },
});
