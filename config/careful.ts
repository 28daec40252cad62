/** `--profile careful`: for small or slow servers. */
import { defineConfig } from 'doff'

export default defineConfig({
  delayMs: 5_000,
  concurrency: 4,
  maxRetries: 1,
})
