import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** `npm run test:cluster`. Most of a scenario is waiting for a cluster, so many go side by side. */
export default defineConfig({
  root: join(import.meta.dirname, '../..'),
  test: {
    include: ['test/cluster/*.test.ts'],
    globalSetup: [join(import.meta.dirname, 'harness/start.ts')],
    disableConsoleIntercept: true,
    maxWorkers: 2,
    maxConcurrency: 4,
    testTimeout: 180_000,
    hookTimeout: 120_000,
  },
});
