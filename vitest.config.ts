import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // For machines that have other work as well; what would hang, hangs longer than this.
    testTimeout: 90_000,
    // Two cores: more workers than that only make the clock-bound tests wait for one another.
    maxWorkers: 2,
    // Tests of one file that run at the same time do so because they wait, each for a limit of its own.
    maxConcurrency: 32,
  },
})
