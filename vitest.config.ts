import { defineConfig } from 'vitest/config';

// `unit` is fast and touches nothing outside the process; `store` brings up the embedded database (and a server
// where FIRSTLINE_TEST_DATABASE_URL names one); `system` drives a whole server with real peers; `interop` does so with
// phones, proxies and browser stacks of others, in a network of its own (`npm run test:interop`).
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/{unit,conformance,scenario,property,rules}/**/*.test.ts'],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'store',
          include: ['test/store/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'system',
          include: ['test/system/**/*.test.ts'],
          testTimeout: 600_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'interop',
          include: ['test/interop/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
