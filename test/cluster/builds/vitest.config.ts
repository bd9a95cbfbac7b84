import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** `npm run test:builds`. One build keeps a processor busy, so few go side by side. */
export default defineConfig({
  root: join(import.meta.dirname, '../../..'),
  test: {
    include: ['test/cluster/builds/*.test.ts'],
    globalSetup: [
      join(import.meta.dirname, '../harness/start.ts'),
      join(import.meta.dirname, 'harness/start.ts'),
    ],
    disableConsoleIntercept: true,
    fileParallelism: false,
    maxConcurrency: 2,
    testTimeout: 900_000,
    hookTimeout: 600_000,
  },
});
