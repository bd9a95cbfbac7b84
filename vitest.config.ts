import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.{ts,js}'],
    // They need packages of some hundred megabytes, and minutes: `npm run test:frameworks`, `test:cluster`, `test:forge`, `test:buildkit`.
    exclude: [
      'test/cluster/**',
      'test/forge/**',
      ...(process.env['AICHOR_TEST_FRAMEWORKS'] ? [] : ['test/frameworks/**']),
      ...(process.env['AICHOR_TEST_BUILDKIT'] ? [] : ['test/dockerfiles/buildkit.test.ts']),
    ],
    disableConsoleIntercept: true,
    // Much of a test is waiting for processes and clocks: two side by side take two thirds of the time also where there are two processors.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // A second, as it is without, is little on a busy machine.
    expect: { poll: { timeout: 25_000 } },
  },
});
