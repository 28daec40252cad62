import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // For machines that have other work as well; what would hang, hangs longer than this.
    testTimeout: 90_000,
    // Two cores: more workers than that only make the clock-bound tests wait for one another.
    maxWorkers: 2,
  },
})
