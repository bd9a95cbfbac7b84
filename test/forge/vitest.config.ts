import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** `npm run test:forge`. The first time it builds Gitea, which takes half an hour. */
export default defineConfig({
  root: join(import.meta.dirname, '../..'),
  test: {
    include: ['test/forge/**/*.test.ts'],
    disableConsoleIntercept: true,
    testTimeout: 300_000,
    hookTimeout: 3_000_000,
  },
});
