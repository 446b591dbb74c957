import { defineConfig } from 'vitest/config';
import { SOURCE_FLAGS } from './test/sim/source-flags.ts';

/** The layers that need a real broker: `npm run test:kafka`. One file at a time: each has a broker of its own. */
export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source', 'node', 'import', 'module', 'default'] } },
  test: {
    include: ['test/stack/**/*.test.ts'],
    fileParallelism: false,
    execArgv: [...SOURCE_FLAGS],
    testTimeout: 180_000,
    hookTimeout: 120_000,
  },
});
