import { defineConfig } from 'vitest/config'

// the tests of the rooms that are mutated, and no others: they need no broker and no network
export default defineConfig({
  test: {
    include: ['test/{protocol,topics,session}/**/*.test.ts'],
    setupFiles: ['test/mutation-setup.ts'],
    testTimeout: 120_000,
  },
})
