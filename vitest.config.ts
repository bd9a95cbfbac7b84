import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.{ts,js}'],
    // They need packages of some hundred megabytes, and minutes: `npm run test:frameworks`, `test:cluster`, `test:buildkit`.
    exclude: [
      'test/cluster/**',
      ...(process.env['AICHOR_TEST_FRAMEWORKS'] ? [] : ['test/frameworks/**']),
      ...(process.env['AICHOR_TEST_BUILDKIT'] ? [] : ['test/dockerfiles/buildkit.test.ts']),
    ],
    disableConsoleIntercept: true,
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
