import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/faults/**'],
    testTimeout: 120_000,
    hookTimeout: 30_000,
    // Ends as soon as it holds: long, so that a machine with other work fails nothing.
    expect: { poll: { timeout: 10_000 } },
    // Many tests wait for processes and sockets of theirs: one a core leaves half of it idle.
    maxWorkers: Math.ceil(availableParallelism() * 1.5),
  },
})
