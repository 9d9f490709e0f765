import { defineConfig } from 'vitest/config'

/** What takes minutes: the same promises as in the ordinary tests, many times over. */
export default defineConfig({
  test: {
    include: ['test/faults/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 30_000,
  },
})
