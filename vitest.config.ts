import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.{ts,js}'],
    // They need packages of some hundred megabytes, and minutes: `npm run test:frameworks`, `npm run test:cluster`.
    exclude: ['test/cluster/**', ...(process.env['AICHOR_TEST_FRAMEWORKS'] ? [] : ['test/frameworks/**'])],
    disableConsoleIntercept: true,
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
